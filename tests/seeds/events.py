"""All events of one size."""

from collections.abc import Iterator
from itertools import chain

from tests.seeds import care, contacts, direct, hyte
from tests.seeds.size import Size
from tests.seeds.surveys import Surveys


def events(size: Size) -> Iterator[bytes]:
    """The events as lines without line ends; the same size gives the same bytes."""
    return chain(Surveys(size).events(), direct.events(), contacts.events(), hyte.events(), care.events())
