"""Waits for a server that starts later, for instance after a reboot of the whole machine."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Annotated, Final

import typer

from deploy.hva.context import VerbError
from deploy.hva.output import print_text

Wait = Annotated[float, typer.Option(metavar="S", min=0, help="Maximum seconds to wait for the server")]
WAIT_S: Final = 600.0
_PAUSE_S: Final = 1.0


async def retry_until_reachable(server: str, task: Callable[[], Awaitable[None]], timeout_s: float) -> None:
    """Run the task, and retry it until the server answers. Prints each new kind of error once on standard error.

    Raises VerbError at the deadline. Raises it immediately when waiting cannot help: a refused password, or a refused
    statement (SQLSTATE class 42). A service waits for the latter, because another process migrates the schema.
    """
    import asyncpg
    from aiokafka.errors import KafkaError

    from shared.failure import Failure, classify

    deadline, reported = time.monotonic() + timeout_s, ""
    while True:
        try:
            return await task()
        except asyncpg.InvalidAuthorizationSpecificationError:
            raise VerbError(f"{server} refuses the role or its password: check the password of the role.") from None
        except asyncpg.SyntaxOrAccessError as error:
            raise VerbError(f"{server} refuses a statement ({type(error).__name__}).") from error
        except (OSError, TimeoutError, KafkaError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            if classify(error) is not Failure.TRANSIENT:
                raise
            kind = type(error).__name__
        if time.monotonic() >= deadline:
            raise VerbError(f"{server} cannot be reached ({kind}): gave up after {timeout_s:.0f} s.")
        if kind != reported:
            print_text(f"{server} cannot be reached ({kind}): waiting.", err=True)
            reported = kind
        await asyncio.sleep(_PAUSE_S)
