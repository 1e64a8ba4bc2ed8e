"""`python -m services.ingest`: the only service that reads raw records."""

from services.ingest.app import build
from shared.edge.service import main

if __name__ == "__main__":
    main("ingest", build)
