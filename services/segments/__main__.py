"""`python -m services.segments`: the service of the segments family."""

from services.segments.app import build
from shared.edge.service import main

if __name__ == "__main__":
    main("segments", build)
