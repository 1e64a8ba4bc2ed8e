"""`python -m deploy.embedded.clean DIR...`: stops what runs in the folders and removes them with all their data."""

import sys
from pathlib import Path

from deploy.embedded.run_paths import RunPaths
from deploy.embedded.shutdown import end_leftovers, end_supervisor, remove_run


def main() -> None:
    for name in sys.argv[1:]:
        paths = RunPaths(Path(name).absolute())
        if paths.dir.is_dir():
            end_supervisor(paths)
            end_leftovers(paths)
            remove_run(paths)


if __name__ == "__main__":
    main()
