"""The options of a simulation."""

import hashlib
from dataclasses import dataclass
from datetime import date, timedelta

from deploy.simulate.county_plans import COUNTIES

MAX_DAYS = 3660
MAX_CLIENTS = 2_000_000


@dataclass(frozen=True, slots=True)
class Options:
    """`until` is the first day that is not simulated: all events arrive before it.

    `clients` are divided among the counties; each has about 25 events a year. `bad` is the share of deliberately
    invalid events. Raises ValueError with a message for the user.
    """

    until: date
    days: int = 365
    clients: int = 2_000
    seed: int = 1
    counties: tuple[str, ...] = tuple(COUNTIES)
    bad: float = 0.003
    erasures: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.days <= MAX_DAYS:
            raise ValueError(f"days must be from 1 to {MAX_DAYS}.")
        if not 1 <= self.clients <= MAX_CLIENTS:
            raise ValueError(f"clients must be from 1 to {MAX_CLIENTS}.")
        if not 0 <= self.bad <= 1:
            raise ValueError("bad must be from 0 to 1.")
        if not date(2000, 1, 1) <= self.until <= date(2200, 1, 1):
            raise ValueError("until must be between 2000-01-01 and 2200-01-01.")
        unknown = [county for county in self.counties if county not in COUNTIES]
        if unknown or not self.counties:
            raise ValueError(f"counties must be among {', '.join(COUNTIES)}.")
        if not 0 <= self.erasures <= self.clients:
            raise ValueError("erasures must be from 0 to the number of clients.")

    @property
    def first_day(self) -> date:
        return self.until - timedelta(days=self.days)

    @property
    def tag(self) -> str:
        """Six characters at the start of every id, so that different simulations never share a business id."""
        content = (self.until, self.days, self.clients, self.seed, self.counties, self.bad, self.erasures)
        return hashlib.sha256(repr(content).encode()).hexdigest()[:6]
