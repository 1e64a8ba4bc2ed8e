"""How the checks of ingest say no."""

from shared.contracts.reasons import Reason


class Refusal(Exception):
    """An event is not accepted. `detail` is a fixed text after a field and a colon, never a value: it reaches logs.

    `too_soon` is the canonical text of the latest time that lies ahead, for `future_time`.
    """

    def __init__(self, reason: Reason, detail: str, too_soon: str | None = None) -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail
        self.too_soon = too_soon
