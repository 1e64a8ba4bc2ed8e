"""Finding themes in a comment, and whether there is one at all. The text itself goes no further."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final

from shared.hetu import WHITE_SPACE
from shared.normal_form import normal_form

_VISIBLE: Final = re.compile(f"[^{WHITE_SPACE}]").search
# A little more than letters (numerals such as a superscript two, too): an upper bound that is cut exactly after.
_RUNS: Final = re.compile(r"[^\W\d_]+").findall


def says_something(comment: str) -> bool:
    """Whether a character of it is not Unicode white space."""
    return _VISIBLE(comment) is not None


class Themes:
    """The register `themes.csv`, ready to search. Rows are (theme, stem); their order is that of the found."""

    __slots__ = ("_lengths", "_stems")

    def __init__(self, rows: Iterable[tuple[str, str]]) -> None:
        stems: dict[str, dict[str, int]] = defaultdict(dict)
        for place, (theme, stem) in enumerate(rows):
            stems[_folded(stem)].setdefault(theme, place)
        stems.pop("", None)  # would begin every word
        self._stems = dict(stems)
        self._lengths = sorted({len(stem) for stem in self._stems})

    def found(self, comment: str) -> list[str]:
        """Themes with a stem that begins a word of the comment, each once, in the order of the register."""
        places: dict[str, int] = {}
        for word in set(_words(comment)) if self._stems else ():
            folded = word.casefold()
            for length in self._lengths:
                for theme, place in self._stems.get(folded[:length], {}).items():
                    places[theme] = min(place, places.get(theme, place))
        return sorted(places, key=places.__getitem__)


def _folded(text: str) -> str:
    return normal_form("NFC", text).casefold()


def _words(comment: str) -> Iterator[str]:
    """The longest runs of letters (Unicode L*) of the normalised comment.

    Normalised first: as sent in parts, the mark of an `ä` would cut the word.
    """
    for run in _RUNS(normal_form("NFC", comment)):
        if run.isalpha():
            yield run
        else:
            yield from ("".join(letters) for alpha, letters in groupby(run, str.isalpha) if alpha)
