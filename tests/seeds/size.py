"""How many survey answers and invitations the events have. All other counts are those of the documents."""

from dataclasses import dataclass
from typing import Final

SMS_ANSWERS: Final = 39_000
DEVICE_ANSWERS: Final = 16_000


@dataclass(frozen=True, slots=True)
class Size:
    """One of `answers` survey answers is there, and one of `invitations` of their invitations."""

    answers: int
    invitations: int

    @property
    def sms(self) -> int:
        return SMS_ANSWERS // self.answers

    @property
    def devices(self) -> int:
        return DEVICE_ANSWERS // self.answers

    @property
    def invited(self) -> int:
        """The text message answers whose invitation is there."""
        return self.sms // self.invitations


FULL: Final = Size(1, 1)
"""As published: 214,254 events."""
SMALL: Final = Size(5, 10)
"""For tests. A fifth is the least that holds the 10,634 answers to the PEI question."""
