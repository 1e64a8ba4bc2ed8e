"""`python -m deploy.serve`: serves the pages with the settings of the environment until SIGTERM or SIGINT."""

import asyncio
import sys

from deploy.serve.database import WrongRoleError
from deploy.serve.run import serve
from deploy.serve.settings import read_serve_settings
from shared.settings import SettingsError


def main() -> None:
    """Serve; exits 1 with one sentence if it cannot start."""
    try:
        asyncio.run(serve(read_serve_settings()))
    except (SettingsError, WrongRoleError) as error:
        sys.exit(f"serve cannot start: {error}")


if __name__ == "__main__":
    main()
