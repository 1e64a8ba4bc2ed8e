"""The reports as files, cached until their county is published again, and for a minute at most."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from deploy.report.model import Language
from deploy.serve.cache import Cache
from deploy.serve.database import WAIT_S, Database
from deploy.serve.published import published_years, quarters_until
from shared.registers.calendar import local_day

_COUNTY: Final = re.compile(r"[a-z0-9-]{1,48}")
_QUARTER: Final = re.compile(r"[0-9]{4}Q[1-4]")
_REPORTS: Final = 16
_FILES: Final = 96  # a page has some hundred kilobytes
_KEPT_S: Final = 60
"""What people say of a quarter and closings are no publications: they show after this time."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where reports come from: `read` a county's quarter in a transaction, `render` by format (html, md, csv, json)."""

    read: Callable[[Any, str, str], Awaitable[Any]]
    render: Mapping[str, Callable[[Any, Language], str]]


class Reports:
    """All reports that the reader may see."""

    def __init__(self, database: Database, source: Source) -> None:
        self._database, self._source = database, source
        self._reports: Cache[Any] = Cache(_REPORTS)
        self._files: Cache[str] = Cache(_FILES)
        self._renderer = ThreadPoolExecutor(1, "render")  # one at a time: drawing takes processor time, not waiting

    async def file(self, county: str, quarter: str, language: Language, form: str, now: datetime) -> str | None:
        """A report as text; None where nothing is published for the county and quarter."""
        if form not in self._source.render or not _COUNTY.fullmatch(county) or not _QUARTER.fullmatch(quarter):
            return None
        async with asyncio.timeout(WAIT_S), self._database.transaction() as connection:
            years = await published_years(connection)
        if (county, quarter) not in quarters_until(years, local_day(now)):
            return None
        published = tuple(sorted((year, at) for (other, year), at in years.items() if other == county))
        version = (county, quarter, published, int(now.timestamp() // _KEPT_S))

        async def render() -> str:
            report = await self._reports.get(version, lambda: self._read(county, quarter))
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._renderer, self._source.render[form], report, language)

        return await self._files.get((version, language, form), render)

    async def _read(self, county: str, quarter: str) -> Any:
        async with self._database.transaction() as connection:
            return await self._source.read(connection, county, quarter)
