"""`python -m tests.browser.patient`: the real `hva serve`, which waits up to 5 minutes for the database.

Tests of the pages in a browser are not about its time limits, which `tests/serve` tests.
"""

from typing import Any

import deploy.serve.database

_module: Any = deploy.serve.database
_module.WAIT_S = 300.0

if __name__ == "__main__":
    from deploy.serve.__main__ import main  # imports the limit from the module

    main()
