"""`python -m shared.probe`: the container health check, whether the service is live and ready.

If not, it prints the reason, which the inspection of the container then shows, and exits 1.
"""

import http.client
import os
import sys
from collections.abc import Mapping
from typing import Final

_TIMEOUT_S: Final = 5.0
_PAGES: Final = ("/livez", "/readyz")


def problem(env: Mapping[str, str] = os.environ) -> str | None:
    """Return the problem as the service reports it; None when there is none."""
    port = int(env.get("HVA_METRICS_PORT") or 0)
    for page in _PAGES:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT_S)
        try:
            connection.request("GET", page)
            answer = connection.getresponse()
            if answer.status != http.client.OK:
                return answer.read().decode()
        except OSError as error:
            return f"{page} does not answer: {type(error).__name__}"
        finally:
            connection.close()
    return None


if __name__ == "__main__":
    sys.exit(problem())
