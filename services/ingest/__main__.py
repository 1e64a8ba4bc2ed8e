"""`python -m services.ingest`: the only service that sees what upstream systems send."""

from services.ingest.app import build
from shared.edge.service import main

if __name__ == "__main__":
    main("ingest", build)
