"""Collects all problems of the registers as sentences."""

from dataclasses import dataclass, field


class RegisterError(Exception):
    """The registers are invalid. The message has one sentence per line, each with file and location."""

    def __init__(self, sentences: tuple[str, ...]) -> None:
        super().__init__("\n".join(sentences))
        self.sentences = sentences


@dataclass(slots=True)
class Problems:
    """Collects sentences, so that one run of the check reports everything to fix."""

    sentences: list[str] = field(default_factory=list)

    def add(self, where: str, sentence: str) -> None:
        """Add a problem. `where` is a location such as `units.csv line 7`; the sentence names problem and remedy."""
        self.sentences.append(f"{where}: {sentence}")

    def raise_if_any(self) -> None:
        if self.sentences:
            raise RegisterError(tuple(self.sentences))
