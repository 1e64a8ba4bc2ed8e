"""The exception by which checks of ingest reject an event."""

from shared.contracts.reasons import Reason


class Refusal(Exception):
    """An event is rejected. `detail` is a field, a colon and a fixed text, never a value, because it is logged.

    `latest_time`, for `future_time` only: canonical text of the latest of the times too far in the future.
    """

    def __init__(self, reason: Reason, detail: str, latest_time: str | None = None) -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail
        self.latest_time = latest_time
