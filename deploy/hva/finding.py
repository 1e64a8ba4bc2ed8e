"""One result of `hva doctor`."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One inspected thing; `words` say what was found, or what is missing and what to do."""

    name: str
    ok: bool
    words: str
