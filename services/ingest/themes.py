"""Finds themes in a comment, and whether it has any visible text. The comment itself is not published."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final

from shared.hetu import WHITE_SPACE
from shared.normal_form import normal_form

_VISIBLE: Final = re.compile(f"[^{WHITE_SPACE}]").search
# Slightly more than letters (also numerals such as superscript two). `_words` cuts the runs exactly.
_RUNS: Final = re.compile(r"[^\W\d_]+").findall


def has_visible_text(comment: str) -> bool:
    """Whether any character is not Unicode white space."""
    return _VISIBLE(comment) is not None


class Themes:
    """The register `themes.csv`, indexed for search. Rows are (theme, stem); found themes keep their order."""

    __slots__ = ("_lengths", "_shortest", "_stems")

    def __init__(self, rows: Iterable[tuple[str, str]]) -> None:
        stems: dict[str, dict[str, int]] = defaultdict(dict)
        for index, (theme, stem) in enumerate(rows):
            stems[_folded(stem)].setdefault(theme, index)
        stems.pop("", None)  # every word begins with it
        self._stems = dict(stems)
        self._shortest = min(map(len, stems), default=0)
        # By the first letters: few words begin as any stem does, and those that do need few lengths.
        lengths: dict[str, set[int]] = defaultdict(set)
        for stem in self._stems:
            lengths[stem[: self._shortest]].add(len(stem))
        self._lengths = {start: sorted(found) for start, found in lengths.items()}

    def find(self, comment: str) -> list[str]:
        """Themes of which a stem begins a word of the comment, each once, in the order of the register."""
        indexes: dict[str, int] = {}
        for word in set(_words(comment)) if self._stems else ():
            folded = word.casefold()
            for length in self._lengths.get(folded[: self._shortest], ()):
                for theme, index in self._stems.get(folded[:length], {}).items():
                    indexes[theme] = min(index, indexes.get(theme, index))
        return sorted(indexes, key=indexes.__getitem__)


def _folded(text: str) -> str:
    return normal_form("NFC", text).casefold()


def _words(comment: str) -> Iterator[str]:
    """The longest runs of letters (Unicode L*) of the normalised comment.

    Without normalisation, the combining mark of a decomposed `ä` would split the word.
    """
    for run in _RUNS(normal_form("NFC", comment)):
        if run.isalpha():
            yield run
        else:
            yield from ("".join(letters) for alpha, letters in groupby(run, str.isalpha) if alpha)
