"""Waiting for a server that comes later, as after a start of the whole machine."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Annotated, Final

import typer

from deploy.hva.context import VerbError
from deploy.hva.output import print_text

Wait = Annotated[float, typer.Option(metavar="S", min=0, help="Seconds to wait for the server at most")]
WAIT_S: Final = 600.0
_PAUSE_S: Final = 1.0


async def patiently(server: str, task: Callable[[], Awaitable[None]], seconds: float) -> None:
    """Do the task once the server answers; say on standard error what is waited for, once for each kind of trouble.

    Raises NotSoError at the deadline, and at once for what waiting does not mend: a password that is refused, and
    statements that are (SQLSTATE class 42), for which a service waits since somebody else migrates.
    """
    import asyncpg
    from aiokafka.errors import KafkaError

    from shared.failure import Failure, classify

    deadline, told = time.monotonic() + seconds, ""
    while True:
        try:
            return await task()
        except asyncpg.InvalidAuthorizationSpecificationError:
            raise VerbError(f"{server} refuses the role or its password: give it the password that it knows.") from None
        except asyncpg.SyntaxOrAccessError as error:
            raise VerbError(f"{server} refuses a statement ({type(error).__name__}).") from error
        except (OSError, TimeoutError, KafkaError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            if classify(error) is not Failure.TRANSIENT:
                raise
            kind = type(error).__name__
        if time.monotonic() >= deadline:
            raise VerbError(f"{server} cannot be reached ({kind}): given up after {seconds:.0f} s.")
        if kind != told:
            print_text(f"{server} cannot be reached ({kind}): waiting.", err=True)
            told = kind
        await asyncio.sleep(_PAUSE_S)
