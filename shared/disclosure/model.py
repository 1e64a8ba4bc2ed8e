"""What disclosure control has to know of each view.

The *population* of a row is the number that must not be small: the people, or the acts of people, that the row is
about.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

ALL: Final = "all"
K: Final = 5
"""Rows with a smaller population are hidden."""
K_SENSITIVE: Final = 10
"""Rows of sensitive units with a smaller population are hidden."""
K_SURVEY: Final = 10
"""Rows of scores and shares of answers with a smaller population are hidden."""
LOW_N: Final = 30
"""Rows of scores and shares of answers with a smaller population are marked as uncertain."""

LEVELS: Final = ("unit", "line", "service_area", "result_area", "division", "region", "county")
"""Scope levels, the one of least worth first."""
PERIOD_KINDS: Final = ("day", "month", "year", "quarter")
"""Period kinds, the one of least worth first."""


@dataclass(frozen=True, slots=True)
class View:
    """One published view.

    `population`: the columns whose sum is the population. `categories`: counts that classify the population or a part
    of it and add up like it. `further`: the keys beside those of every view; `without_all`: those of them that have no
    value 'all'; `sums`: those whose values sum to 'all'. `minimum`: rows below it are hidden. `low_n`: rows below it
    are marked. `additive`: populations of parts sum to the population of the whole, as numbers of clients do not.
    `few`: rows with these further keys are published for quarters and years of county and division only.
    """

    name: str
    family: str
    population: tuple[str, ...]
    categories: tuple[str, ...] = ()
    further: tuple[str, ...] = ()
    without_all: tuple[str, ...] = ()
    sums: tuple[str, ...] = ()
    minimum: int = K
    low_n: int = 0
    additive: bool = True
    few: tuple[str, ...] = ()
    channels: frozenset[str] | None = None
    """The channels that are published, where not all are."""

    @property
    def by_day(self) -> bool:
        """Whether rows of days are published."""
        return not self.without_all

    @property
    def by_month(self) -> bool:
        """Whether rows of months are published, and not only those of quarters and years."""
        return not set(self.few) & set(self.without_all)


_NPS: Final = ("promoters", "passives", "detractors")
_STATEMENT: Final = ("c1", "c2", "c3", "c4", "c5", "not_applicable")
_PEI: Final = ("much_better", "better", "same_or_less", "dont_know")
_REPLIES: Final = ("wants_reply", "replied", "replied_in_time")
_OUTCOMES: Final = ("with_outcome", "resolved", "resolvable")
_LINKS: Final = ("linkable", "linkable_with_outcome", "confirmed", "repeats")
_ACCESS: Final = (
    "early",
    "handled",
    "direct",
    "callback",
    "callback_requested",
    "callback_same_day",
    "with_promise",
    "promise_kept",
    "waits",
    "bounced",
)
_CONTACTS: Final = ("phone", "chat", "sms", "digital_booking")

VIEWS: Final = {
    view.name: view
    for view in (
        # Those who answered the question: a score of few tells what each of them said.
        View("nps", "nps", ("n",), _NPS, minimum=K_SURVEY, low_n=LOW_N),
        # `not_applicable` is an answer, too.
        View(
            "statement",
            "nps",
            ("n", "not_applicable"),
            _STATEMENT,
            further=("question",),
            without_all=("question",),
            minimum=K_SURVEY,
            low_n=LOW_N,
        ),
        View(
            "pei",
            "nps",
            ("n", "dont_know"),
            _PEI,
            further=("question",),
            without_all=("question",),
            minimum=K_SURVEY,
            low_n=LOW_N,
        ),
        View("response", "nps", ("responses",), ("with_comment",)),
        # Those who were invited: whether few of them answered is the figure.
        View("response_rate", "nps", ("delivered",), ("answered",)),
        View(
            "direct_feedback",
            "nps",
            ("n",),
            _REPLIES,
            further=("kind", "theme"),
            sums=("kind",),
            few=("kind", "theme"),
        ),
        View("fcr", "fcr", ("handled",), _OUTCOMES),
        View(
            "fcr_confirmed",
            "fcr",
            ("handled",),
            _LINKS,
            further=("window_days",),
            without_all=("window_days",),
        ),
        View(
            "fcr_client",
            "fcr",
            ("clients",),
            ("clients_not_repeated",),
            further=("window_days",),
            without_all=("window_days",),
            additive=False,
        ),
        # All who tried to reach the first line, whether they were answered or not.
        View("access", "fcr", ("inbound",), _ACCESS, channels=frozenset({"phone", "chat"})),
        # The contacts of all channels together: the share is of these.
        View("digital", "fcr", _CONTACTS, _CONTACTS),
        View("hyte", "fcr", ("count",), further=("kind",), without_all=("kind",)),
        View("revolving", "fcr", ("clients",), ("revolving_clients",), additive=False),
        View(
            "service_events",
            "segments",
            ("events",),
            further=("sector", "event_class"),
            sums=("sector", "event_class"),
        ),
        # The clients behind the events of the row. The denominator, all members of the county, is large.
        View("events_per_client", "segments", ("cell_clients",), additive=False),
        # A result says what is wrong with a client: each result is a population of its own.
        View(
            "suuntima",
            "segments",
            ("n",),
            further=("battery", "sex", "result"),
            without_all=("result",),
            sums=("battery", "sex"),
            few=("battery", "sex", "result"),
        ),
        View(
            "suuntima_stock",
            "segments",
            ("clients",),
            further=("result",),
            without_all=("result",),
            additive=False,
        ),
        View(
            "common_clients",
            "segments",
            ("stock",),
            further=("kind",),
            without_all=("kind",),
            additive=False,
        ),
    )
}


class Cell(tuple[str, ...]):
    """The keys of a published row: view, period_kind, period, scope_level, scope, channel, segment, further keys."""

    __slots__ = ()

    @property
    def view(self) -> View:
        return VIEWS[self[0]]

    @property
    def period_kind(self) -> str:
        return self[1]

    @property
    def period(self) -> str:
        return self[2]

    @property
    def level(self) -> str:
        return self[3]

    @property
    def scope(self) -> str:
        return self[4]

    @property
    def channel(self) -> str:
        return self[5]

    @property
    def segment(self) -> str:
        return self[6]

    def further(self, name: str) -> str:
        """The value of a further key."""
        return self[7 + self.view.further.index(name)]

    def replaced(self, position: int, value: str) -> "Cell":
        """The same keys with another value at one position."""
        return Cell((*self[:position], value, *self[position + 1 :]))


Counts = Mapping[str, int]
"""The counts of a row, by column."""


def population(cell: Cell, counts: Counts) -> int:
    """The people, or acts of people, that a row is about."""
    return sum(counts[column] for column in cell.view.population)


CHANNEL: Final = 5
SEGMENT: Final = 6
FURTHER: Final = 7
