"""Only jars with the pinned hash are used; errors are one sentence."""

import hashlib
from pathlib import Path
from types import SimpleNamespace

import pytest

from deploy.embedded import jars
from deploy.embedded.errors import EmbeddedError

_GOOD = b"the jar that was pinned"


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    path = tmp_path / "jars.lock"
    path.write_text(f"# a comment\norg.example:thing:1.0 {hashlib.sha256(_GOOD).hexdigest()}\n")
    return path


def serve(monkeypatch: pytest.MonkeyPatch, content: bytes) -> list[str]:
    """Replaces Maven Central's answer by `content`; returns the list of requests."""
    requests: list[str] = []

    def context(repo_cache: Path, timeout: int) -> SimpleNamespace:
        def resolve() -> Path:
            requests.append("thing")
            path = repo_cache / "thing.jar"
            path.write_bytes(content)
            return path

        artifact = SimpleNamespace(artifact=lambda: SimpleNamespace(resolve=resolve))
        component = SimpleNamespace(at_version=lambda version: artifact)
        return SimpleNamespace(project=lambda group, name: component)

    monkeypatch.setattr("jgo.maven.MavenContext", context)
    return requests


def test_a_verified_jar_is_fetched_once(tmp_path: Path, lock: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    requests = serve(monkeypatch, _GOOD)
    path = jars.classpath(tmp_path, lock)
    assert Path(path).read_bytes() == _GOOD
    assert jars.classpath(tmp_path, lock) == jars.classpath(tmp_path, lock, offline=True) == path
    assert requests == ["thing"]


def test_a_jar_with_another_hash_is_refused(tmp_path: Path, lock: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    serve(monkeypatch, b"something else")
    with pytest.raises(EmbeddedError, match=r"^The jar org\.example:thing:1\.0 has SHA-256 .*\.$"):
        jars.classpath(tmp_path, lock)
    assert not list((tmp_path / "jars").iterdir())


def test_a_changed_jar_in_the_cache_is_fetched_again(
    tmp_path: Path, lock: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(monkeypatch, _GOOD)
    path = Path(jars.classpath(tmp_path, lock))
    path.write_bytes(b"changed")
    jars.classpath(tmp_path, lock)
    assert path.read_bytes() == _GOOD


def test_offline_error_names_the_remedy(tmp_path: Path, lock: Path) -> None:
    with pytest.raises(EmbeddedError, match=r"^1 Kafka jars are not in .* yet: run `hva up` once online\.$"):
        jars.classpath(tmp_path, lock, offline=True)


def test_network_error_names_the_remedy(tmp_path: Path, lock: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **options: object) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr("jgo.maven.MavenContext", refuse)
    with pytest.raises(EmbeddedError, match="Maven Central can be reached"):
        jars.classpath(tmp_path, lock)


def test_every_pinned_jar_has_a_version_and_a_hash() -> None:
    pinned = jars.read_lock()
    assert {"kafka_2.13-4.3.0.jar", "slf4j-simple-1.7.36.jar"} <= {jar.filename for jar in pinned}
    assert all(len(jar.sha256) == 64 for jar in pinned)
