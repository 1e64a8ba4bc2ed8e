"""`python -m services.fcr`: the service of the first-contact family."""

from services.fcr.app import build
from shared.edge.service import main

if __name__ == "__main__":
    main("fcr", build)
