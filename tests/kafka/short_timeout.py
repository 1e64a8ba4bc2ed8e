"""`python -m tests.kafka.short_timeout ingest`: the real ingest with a gateway timeout of 2 seconds instead of 10.

For tests that wait for the answers of a gateway while a server is down.
"""

import sys
from typing import Any

from services.ingest import gateway
from services.ingest.app import build
from shared.edge.service import main

if __name__ == "__main__":
    module: Any = gateway
    module.COMMIT_TIMEOUT_S = 2.0
    main(sys.argv[1], build)
