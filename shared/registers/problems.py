"""Everything that is wrong with the registers, told at once and in sentences."""

from dataclasses import dataclass, field


class RegisterError(Exception):
    """The registers cannot be used; the message has one sentence a line, each naming file and place."""

    def __init__(self, sentences: tuple[str, ...]) -> None:
        super().__init__("\n".join(sentences))
        self.sentences = sentences


@dataclass(slots=True)
class Problems:
    """Collects sentences, so that one run of the check shows all there is to mend."""

    sentences: list[str] = field(default_factory=list)

    def add(self, where: str, sentence: str) -> None:
        """`where` is a place such as `units.csv line 7`; the sentence says what is wrong and what to do."""
        self.sentences.append(f"{where}: {sentence}")

    def raise_if_any(self) -> None:
        if self.sentences:
            raise RegisterError(tuple(self.sentences))
