"""HTML of the front page and of the pages about what went wrong."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import cycle
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from deploy.report.model import LANGUAGES, Language
from deploy.report.numbers import minute, number, per_cent
from deploy.report.palette import PALETTE
from deploy.serve.language import TEXTS, duration
from deploy.serve.published import Published
from deploy.serve.services import Service, dead_letters_by_reason

_HEADER: Final = re.compile("<header[ >]")
_ENVIRONMENT: Final = Environment(
    loader=PackageLoader("deploy.serve"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def _code(text: str) -> Markup:
    """A text of ours with `commands` marked as code."""
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if odd else escape(part)
        for part, odd in zip(text.split("`"), cycle((False, True)), strict=False)
    )


_ENVIRONMENT.filters["code"] = _code


@dataclass(frozen=True, slots=True)
class State:
    """The state of the pipeline at one moment. `published` None: the database does not answer."""

    at: datetime
    services: Sequence[Service]
    published: Published | None

    @property
    def good(self) -> bool:
        """Whether nothing needs anyone: all services are ready and all publications succeed."""
        return (
            self.published is not None
            and bool(self.services)
            and all(service.ready for service in self.services)
            and not self.failed_publications
        )

    @property
    def failed_publications(self) -> int:
        return sum(one.failed for one in self.published.publications) if self.published else 0


def front_page(state: State, language: Language) -> str:
    """The front page; without the database it shows the services alone."""
    return _render("front.html", language, state=state, dead_letters=dead_letters_by_reason(state.services))


def with_navigation(report: str, address: str, language: Language) -> str:
    """The page of a report with links to the front page, the other languages and the files, before its header.

    `address` is that of the report without its language. The report itself is a file that also stands alone.
    """
    navigation = _render("navigation.html", language, address=address)
    page, found = _HEADER.subn(lambda header: navigation + header[0], report, count=1)
    if not found:
        raise ValueError("the report has no header")
    return page


def problem_page(status: int, language: Language) -> str:
    """The page for a status: 404, 405, 500 or 503."""
    return _render("problem.html", language, status=status, problem=TEXTS[language]["problem"][str(status)])


def _render(template: str, language: Language, **values: Any) -> str:
    return _ENVIRONMENT.get_template(template).render(
        t=TEXTS[language],
        language=language,
        languages=[(code, TEXTS[code]["name"]) for code in LANGUAGES],
        palette=PALETTE,
        number=lambda value: number(language, value, 0),
        per_cent=partial(per_cent, language),
        moment=partial(minute, language),
        duration=partial(duration, language),
        months=lambda quarter: f"{TEXTS[language]['reports']['months'][int(quarter[-1]) - 1]} {quarter[:4]}",
        **values,
    )
