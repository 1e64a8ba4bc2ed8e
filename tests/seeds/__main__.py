"""`python -m tests.seeds --out FILE`: writes the events, one a line, for `hva check` and `hva load`."""

import argparse
from pathlib import Path

from tests.seeds.events import events
from tests.seeds.size import FULL, SMALL


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, metavar="FILE")
    parser.add_argument("--small", action="store_true", help="fewer survey answers and invitations, as in the tests")
    options = parser.parse_args()
    with options.out.open("wb") as file:
        for line in events(SMALL if options.small else FULL):
            file.write(line + b"\n")


if __name__ == "__main__":
    main()
