"""For developers: `python -m deploy.embedded.lock_jars` resolves Kafka's dependencies and rewrites jars.lock."""

import sys
import tempfile
from pathlib import Path

from deploy.embedded.jars import LOCK, sha256_of

ROOTS = (
    "org.apache.kafka:kafka_2.13:4.3.0",
    "org.slf4j:slf4j-simple:1.7.36",  # Kafka includes only the SLF4J API; without a binding it logs nothing
)
HEADER = "# Written by `python -m deploy.embedded.lock_jars`: group:artifact:version sha256\n"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        lines = resolve(Path(folder))
    LOCK.write_text(HEADER + "".join(f"{line}\n" for line in lines), encoding="ascii")
    sys.stdout.write(f"{len(lines)} jars in {LOCK}\n")


def resolve(folder: Path) -> list[str]:
    """The lines of jars.lock: the roots first, then their runtime dependencies by name."""
    from jgo.maven import MavenContext

    context = MavenContext(repo_cache=folder, timeout=60)
    roots, others = context.resolver.resolve([context.create_dependency(root) for root in ROOTS])
    wanted = [*roots, *sorted(others, key=str)]
    return [f"{d.groupId}:{d.artifactId}:{d.version} {sha256_of(d.artifact.resolve())}" for d in wanted]


if __name__ == "__main__":
    main()
