"""One result of `hva doctor`."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One inspected thing; `text` says what was found, or what is missing and what to do."""

    name: str
    ok: bool
    text: str

    @property
    def document(self) -> dict[str, str | bool]:
        """The finding as in `hva doctor --json`."""
        return {"name": self.name, "ok": self.ok, "words": self.text}
