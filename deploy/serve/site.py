"""The pages: addresses, headers, and answers to everything that goes wrong."""

import asyncio
import base64
import hashlib
import logging
import re
import time
from collections.abc import Awaitable, Callable
from typing import Final

import aiohttp
from aiohttp import web

from deploy.report.model import LANGUAGES, Language
from deploy.report.palette import PALETTE
from deploy.serve.cache import Cache
from deploy.serve.database import WAIT_S, Database
from deploy.serve.language import accepted_language, as_language, language_of_path
from deploy.serve.pages import State, front_page, problem_page, with_navigation
from deploy.serve.published import Published, read_published
from deploy.serve.reports import Reports
from deploy.serve.services import read_services
from deploy.serve.settings import ServeSettings
from shared.clock import Clock
from shared.failure import Failure, classify
from shared.registers.calendar import local_day

ANSWER_S: Final = 8.0
"""Every request is answered within this time; what it waits for may take longer and serves the next one."""
_STATE_S: Final = 2  # seconds for which the state of the pipeline is not read again
_TYPES: Final = {"html": "text/html", "md": "text/markdown", "csv": "text/csv", "json": "application/json"}
_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Server": "hva",
}
_STYLE: Final = re.compile(r"<style[^>]*>(.*?)</style>", re.DOTALL)
_ICON: Final = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="3" '
    f'fill="{PALETTE["accent"]}"/><path d="M3 12V8h2v4zm4 0V4h2v8zm4 0V6h2v6z" fill="#fff"/></svg>'
)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Site:
    """The application. `database` and `session` are opened and closed by the caller."""

    def __init__(
        self,
        settings: ServeSettings,
        database: Database,
        session: aiohttp.ClientSession,
        reports: Reports,
        clock: Clock,
        logger: logging.Logger,
    ) -> None:
        self._settings, self._database, self._session, self._reports = settings, database, session, reports
        self._clock, self._logger = clock, logger
        self._states: Cache[State] = Cache(2)
        self._away: str | None = None  # the kind of error while the database does not answer

    def app(self) -> web.Application:
        """The application with its routes. GET routes answer HEAD, too."""
        app = web.Application(middlewares=[self._guard])
        app.router.add_get("/livez", self._live)
        app.router.add_get("/readyz", self._ready)
        app.router.add_get("/favicon.ico", self._icon)
        app.router.add_get("/", self._front)
        app.router.add_get(f"/{{language:{'|'.join(LANGUAGES)}}}", self._front)
        app.router.add_get("/report/{county}/{quarter}/{file}", self._report)
        return app

    async def _live(self, request: web.Request) -> web.Response:
        return web.json_response({"live": True})

    async def _ready(self, request: web.Request) -> web.Response:
        """Whether the database answers; in the form of the services' own page."""
        try:
            await self._database.ping()
            self._note_database(None)
        except Exception as error:
            self._note_database(error)
            sentence = f"cannot be reached: {type(error).__name__}"
            return web.json_response({"ready": False, "troubles": {"postgres": sentence}, "warnings": {}}, status=503)
        return web.json_response({"ready": True, "troubles": {}, "warnings": {}})

    async def _icon(self, request: web.Request) -> web.Response:
        return web.Response(text=_ICON, content_type="image/svg+xml")

    async def _front(self, request: web.Request) -> web.Response:
        chosen = as_language(request.match_info.get("language", ""))
        language = chosen or accepted_language(request.headers.get("Accept-Language", ""))
        state = await self._states.get(int(time.monotonic() / _STATE_S), self._state)
        response = _page(front_page(state, language), language, 200 if state.published else 503)
        response.headers["Vary"] = "Accept-Language"
        return response

    async def _state(self) -> State:
        services, published = await asyncio.gather(
            read_services(self._session, self._settings.services), self._published()
        )
        return State(self._clock(), services, published)

    async def _published(self) -> Published | None:
        try:
            async with asyncio.timeout(WAIT_S), self._database.transaction() as connection:
                published = await read_published(connection, local_day(self._clock()))
        except Exception as error:
            if classify(error) is not Failure.TRANSIENT:
                raise
            self._note_database(error)
            return None
        self._note_database(None)
        return published

    async def _report(self, request: web.Request) -> web.Response:
        county, quarter = request.match_info["county"], request.match_info["quarter"]
        code, dot, form = request.match_info["file"].partition(".")
        language = as_language(code)
        if language is None or (dot and form not in _TYPES) or form == "html":
            raise web.HTTPNotFound
        text = await self._reports.file(county, quarter, language, form or "html", self._clock())
        self._note_database(None)
        if text is None:
            raise web.HTTPNotFound
        if not form:
            return _page(with_navigation(text, f"/report/{county}/{quarter}/", language), language)
        response = web.Response(text=text, content_type=_TYPES[form], charset="utf-8")
        response.headers["Content-Disposition"] = f'inline; filename="{county}-{quarter}-{language}.{form}"'
        return response

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer in time, log without what the request holds, and add the headers that every answer has."""
        started = time.monotonic()
        try:
            async with asyncio.timeout(ANSWER_S):
                response = await handler(request)
        except web.HTTPException as error:
            response = self._problem(request, error.status if error.status in (404, 405) else 404)
            if error.status == 405:
                response.headers["Allow"] = error.headers["Allow"]
        except Exception as error:
            response = self._failure(request, error)
        for name, value in _HEADERS.items():
            response.headers[name] = value
        response.headers.setdefault("Content-Security-Policy", _policy(""))
        self._log(request, response.status, time.monotonic() - started)
        return response

    def _failure(self, request: web.Request, error: Exception) -> web.Response:
        if classify(error) is Failure.TRANSIENT:
            self._note_database(error)
            return self._problem(request, 503)
        self._logger.error("a page failed", exc_info=error)
        return self._problem(request, 500)

    def _note_database(self, error: Exception | None) -> None:
        """Log when the database goes away or comes back, not each request meanwhile."""
        kind = type(error).__name__ if error else None
        if kind == self._away:
            return
        self._away = kind
        if error:
            self._logger.warning("the database does not answer", extra={"kind": kind})
        else:
            self._logger.info("the database answers again")

    def _problem(self, request: web.Request, status: int) -> web.Response:
        accepted = accepted_language(request.headers.get("Accept-Language", ""))
        language = language_of_path(request.path) or accepted
        response = _page(problem_page(status, language), language, status)
        if status == 503:
            response.headers["Retry-After"] = "5"
        return response

    def _log(self, request: web.Request, status: int, seconds: float) -> None:
        """The route is logged, not the address, which may hold anything."""
        resource = request.match_info.route.resource
        fields = {
            "method": request.method if request.method in ("GET", "HEAD") else "other",
            "page": resource.canonical if resource is not None else "none",
            "status": status,
            "ms": round(1000 * seconds),
        }
        probe = fields["page"] in ("/livez", "/readyz")  # every few seconds
        self._logger.log(logging.DEBUG if probe else logging.INFO, "answered", extra=fields)


def _page(html: str, language: Language, status: int = 200) -> web.Response:
    headers = {"Content-Language": language, "Content-Security-Policy": _policy(html)}
    return web.Response(text=html, status=status, content_type="text/html", charset="utf-8", headers=headers)


def _policy(html: str) -> str:
    """No script, nothing from elsewhere, and no style but the style elements of the page itself."""
    digests = (hashlib.sha256(style.encode()).digest() for style in _STYLE.findall(html))
    styles = " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests) or "'none'"
    return (
        f"default-src 'none'; style-src {styles}; img-src 'self' data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
