"""`python -m tests.kafka.hasty ingest`: the real ingest, whose gateway gives up waiting after 2 seconds, not 10.

For tests in which a server is away and the answer is waited for.
"""

import sys
from typing import Any

from services.ingest import gateway
from services.ingest.app import build
from shared.edge.service import main

if __name__ == "__main__":
    changed: Any = gateway
    changed.COMMIT_TIMEOUT_S = 2.0
    main(sys.argv[1], build)
