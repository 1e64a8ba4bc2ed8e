"""`python -m services.nps`: the service of the NPS family."""

from services.nps.app import build
from shared.edge.service import main

if __name__ == "__main__":
    main("nps", build)
