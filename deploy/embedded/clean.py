"""`python -m deploy.embedded.clean DIR...`: stops what runs in the folders and removes them with all data."""

import sys
from pathlib import Path

from deploy.embedded.ending import end_leftovers, end_supervisor, erase
from deploy.embedded.places import Places


def main() -> None:
    for name in sys.argv[1:]:
        places = Places(Path(name).absolute())
        if places.dir.is_dir():
            end_supervisor(places)
            end_leftovers(places)
            erase(places)


if __name__ == "__main__":
    main()
