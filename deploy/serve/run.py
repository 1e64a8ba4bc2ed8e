"""The life of the server: it starts also while the database is away, and stops within seconds."""

import asyncio
import contextlib
import signal
from collections.abc import Callable
from typing import Final

import aiohttp
from aiohttp import web
from aiohttp.log import server_logger

from deploy.report import read_report, render_csv, render_html, render_json, render_markdown
from deploy.serve.database import Database, WrongRoleError
from deploy.serve.reports import Reports, Source
from deploy.serve.settings import ServeSettings
from deploy.serve.site import Site
from shared.clock import system_clock
from shared.failure import Failure, classify
from shared.logs import set_up_logging
from shared.malformed_requests import MalformedRequests
from shared.settings import SettingsError

_STOP_S: Final = 3.0  # for requests in progress
REPORTS: Final = Source(
    read_report, {"html": render_html, "md": render_markdown, "csv": render_csv, "json": render_json}
)


async def serve(
    settings: ServeSettings, source: Source = REPORTS, listening: Callable[[str], None] = lambda url: None
) -> None:
    """Serve until SIGTERM or SIGINT. `listening` gets the address once it answers.

    Raises SettingsError if the address cannot be listened on, WrongRoleError if the role may read exact figures.
    """
    logger, stopping = set_up_logging("serve", settings.log_level), asyncio.Event()
    server_logger.addFilter(MalformedRequests())
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    database = Database(settings.postgres)
    async with contextlib.AsyncExitStack() as stack:
        await database.open()
        stack.push_async_callback(database.close)
        await _check_role(database)
        session = await stack.enter_async_context(aiohttp.ClientSession())
        site = Site(settings, database, session, Reports(database, source), system_clock, logger)
        runner = web.AppRunner(site.app(), access_log=None, shutdown_timeout=_STOP_S)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        try:
            await web.TCPSite(runner, settings.host, settings.port).start()
        except OSError as error:
            raise SettingsError(f"HVA_SERVE_HOST and HVA_SERVE_PORT cannot be listened on: {error.strerror}") from error
        port = runner.addresses[0][1]
        logger.info("started", extra={"port": port})
        listening(f"http://{settings.host}:{port}/")
        await stopping.wait()
    logger.info("stopped")


async def _check_role(database: Database) -> None:
    """Refuse a wrong role at once. A database that is away is no reason to stop: the pages say so meanwhile."""
    try:
        await database.ping()
    except WrongRoleError:
        raise
    except Exception as error:
        if classify(error) is not Failure.TRANSIENT:
            raise
