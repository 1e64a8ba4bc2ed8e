"""What `hva doctor` says of one thing."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at; `words` say what is there, or what is missing and what to do."""

    name: str
    ok: bool
    words: str
