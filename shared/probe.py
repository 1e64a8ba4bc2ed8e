"""`python -m shared.probe`: whether the service of this container lives and can work, for its health check.

Says why not, so that whoever inspects the container need not look further. Exit 1 when not.
"""

import http.client
import os
import sys
from collections.abc import Mapping
from typing import Final

_WITHIN_S: Final = 5.0
_PAGES: Final = ("/livez", "/readyz")


def trouble(env: Mapping[str, str] = os.environ) -> str | None:
    """What is wrong, as the service says it; None when nothing is."""
    port = int(env.get("HVA_METRICS_PORT") or 0)
    for page in _PAGES:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_WITHIN_S)
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
    sys.exit(trouble())
