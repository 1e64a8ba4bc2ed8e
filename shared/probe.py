"""`python -m shared.probe [PORT]`: the container health check, whether the service is live and ready.

The port is that of HVA_METRICS_PORT unless it is given. If the service is not ready, it prints the reason, which the
inspection of the container then shows, and exits 1.
"""

import http.client
import os
import sys
from typing import Final

_TIMEOUT_S: Final = 5.0
_PAGES: Final = ("/livez", "/readyz")


def problem(port: int) -> str | None:
    """Return the problem as the service on this port reports it; None when there is none."""
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
    sys.exit(problem(int(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("HVA_METRICS_PORT") or 0)))
