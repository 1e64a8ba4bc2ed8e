"""Monthly trends of first lines: more chats, more direct answers, more resolved contacts."""

from dataclasses import dataclass
from datetime import date

from deploy.simulate.draw import table

_OTHER_OUTCOMES = {
    "hyte-ohjattu": 0.03,
    "otettu-haltuun": 0.10,
    "ajanvaraus": 0.27,
    "soittopyynto": 0.07,
    "siirretty-verkostossa": 0.08,
    "ohjattu-jatkohoitoon": 0.08,
    "ohjattu-112": 0.004,
    "vaara-palvelu": 0.03,
}


@dataclass(frozen=True, slots=True)
class Month:
    """Shares and tables of one month: `outcomes` by channel, `modes` of answering calls."""

    classification: str
    outcomes: dict[str, list[str]]
    modes: list[str]
    same_day: float
    chat_growth: float
    easy: bool
    surveys: bool
    chat_unit_open: bool


def month_of(first: date, chat_since: date) -> Month:
    """The month that begins on `first`. Trends start in 2025; the classification of 2026 raises the resolved share."""
    years = first.year - 2025 + (first.month - 1) / 12
    newer = 1.055 if first.year >= 2026 else 1.0
    direct = min(0.62, max(0.12, 0.30 + 0.10 * years))
    return Month(
        classification="2026" if first.year >= 2026 else "2025",
        outcomes={"phone": _outcomes(0.338 * newer), "chat": _outcomes(0.545 * newer)},
        modes=table({"direct": direct, "callback": 0.89 - direct, "abandon": 0.08, "early": 0.03}),
        same_day=min(0.98, max(0.6, 0.84 + 0.08 * years)),
        chat_growth=max(0.4, 1 + 0.2 * years),
        easy=(first.year, first.month) >= (2026, 1),
        surveys=(first.year, first.month) >= (2025, 3),
        chat_unit_open=first >= chat_since,
    )


def _outcomes(resolved: float) -> list[str]:
    """A table in which resolved outcomes, guidance included, have the share `resolved`; others keep their ratios."""
    guided = _OTHER_OUTCOMES["hyte-ohjattu"]
    rest = sum(_OTHER_OUTCOMES.values()) - guided
    others = {
        outcome: weight * (1 - resolved) / rest
        for outcome, weight in _OTHER_OUTCOMES.items()
        if outcome != "hyte-ohjattu"
    }
    return table({"hoidettu-loppuun": resolved - guided, "hyte-ohjattu": guided, **others})
