"""Direct feedback: 850 thanks, 2,000 complaints and 900 ideas, each with one theme at most."""

from collections.abc import Iterator
from datetime import date
from typing import Any, Final

from tests.seeds.lines import day_of, days, event, mixed, moment
from tests.seeds.units import HOSPITAL, LOCAL

# The document names the themes in this order and gives no counts.
_THEMES: Final = {
    "thanks": {"kohtaaminen": 400, "sujuvuus": 250, "asiantuntemus": 150, "": 50},
    "complaint": {"saatavuus": 500, "sujuvuus": 450, "tiedonkulku": 425, "kohtaaminen": 375, "digi": 250},
    "idea": {"saatavuus": 225, "sujuvuus": 205, "tiedonkulku": 190, "kohtaaminen": 160, "digi": 120},
}
_UNITS: Final = (*HOSPITAL, *LOCAL[:2])
_DAYS: Final = days(date(2026, 1, 1), date(2026, 4, 1))


def events() -> Iterator[bytes]:
    themes = {kind: iter(mixed(counts)) for kind, counts in _THEMES.items()}
    kinds = mixed({kind: sum(counts.values()) for kind, counts in _THEMES.items()})
    for number, kind in enumerate(kinds):
        at, theme = moment(day_of(_DAYS, number, len(kinds)), number), next(themes[kind])
        data: dict[str, Any] = {
            "feedback_id": f"palaute-{number}",
            "unit": _UNITS[number % len(_UNITS)],
            "channel": "web",
            "given_at": at,
            "kind": kind,
            "themes": [theme] if theme else [],
        }
        yield event("palaute", "feedback.given", at, data)
