"""What the documents publish, and the figures that must give it. The sentences are as in the documents."""

from dataclasses import dataclass
from typing import Final

from tests.seeds.figure import Figure, Tables
from tests.seeds.size import FULL, Size

QUARTERLY_REPORT: Final = "000_c8a943db74ac7e97.txt"
FIRST_LINE: Final = "001_a668a2813190df07.txt"
EXPERIENCE: Final = "002_e1e06039192c15fa.txt"
SUUNTIMA: Final = "004_4a63a8c5ec38d00c.txt"


@dataclass(frozen=True, slots=True)
class Published:
    """A number of a document as it is printed there, or the range that its words leave.

    `of_answers`: a count of survey answers, of which the size may have a part. `full_only`: a number that depends on
    how many answers there are. `hidden`: `report` hides it. `in_report`: whether `report` has the row at all.
    `instead_of`: what the document prints, where `printed` is what follows from its other numbers.
    """

    document: str
    sentence: str
    figure: Figure
    printed: str | tuple[float, float]
    percent: bool = False
    of_answers: bool = False
    hidden: bool = False
    in_report: bool = True
    full_only: bool = False
    instead_of: str = ""

    def problem(self, tables: Tables, size: Size, *, exact: bool) -> str | None:
        """What is wrong in these tables, `figures` if `exact` and else `report`."""
        if (self.full_only and size != FULL) or not (exact or self.in_report):
            return None
        value = self.figure.value(tables)
        if self.hidden and not exact:
            return None if value is None else f"{self._where}: {value} is not hidden"
        if value is None:
            return f"{self._where}: hidden"
        value *= (100 if self.percent else 1) * (size.answers if self.of_answers else 1)
        return None if self._agrees(value) else f"{self._where}: {value} instead of {self.printed}"

    @property
    def _where(self) -> str:
        return f"{self.figure} ({self.document}: {self.sentence})"

    def _agrees(self, value: float) -> bool:
        if isinstance(self.printed, tuple):
            low, high = self.printed
            return low <= value <= high
        decimals = len(self.printed.partition(".")[2])
        return f"{value:.{decimals}f}" == self.printed != self.instead_of


@dataclass(frozen=True, slots=True)
class Less:
    """A document says that one figure is less than the other, and gives no numbers."""

    document: str
    sentence: str
    less: Figure
    more: Figure

    def problem(self, tables: Tables) -> str | None:
        less, more = self.less.value(tables), self.more.value(tables)
        agrees = less is not None and more is not None and less < more
        return None if agrees else f"{self.less}: {less}, {self.more}: {more} ({self.document}: {self.sentence})"
