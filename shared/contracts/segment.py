"""The segment stream: when each pseudonym is a member of the multidisciplinary segment.

A record is a state, not an event: the complete membership history of one pseudonym of one county. The topic is
compacted, so the last record of a key is complete. Of two records the one with the greater version wins, in whatever
order they arrive.
"""

from datetime import date
from typing import Annotated, Any, Final, Self

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from shared.contracts.event import ContractError
from shared.contracts.types import BIGINT, Day, Id, Pseudonym
from shared.labels import Intervals

SCHEMA_NAME: Final = "hva.segment.v1"


class History(BaseModel):
    """Half-open intervals of local dates; the second date is null for an open interval.

    Intervals are sorted and do not overlap. Without intervals the client is not, or no longer, a member.
    """

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")

    county: Id
    client: Pseudonym
    version: Annotated[int, Field(ge=1, le=BIGINT)]
    intervals: tuple[tuple[Day, Day | None], ...]

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        previous_end: date | None = date.min
        for first, until in self.intervals:
            if previous_end is None or first < previous_end or (until is not None and until <= first):
                raise ValueError("intervals are not sorted and disjoint")
            previous_end = until
        return self


def encode_history(county: str, client: str, version: int, intervals: Intervals) -> bytes:
    """Return the value of a record of the segment stream."""
    return orjson.dumps({"county": county, "client": client, "version": version, "intervals": intervals})


def decode_history(value: bytes) -> History:
    """Decode the result of `encode_history`. Raises ContractError on anything else, without values in its message."""
    try:
        return History.model_validate_json(value)
    except ValidationError as error:
        where = ".".join(str(step) for step in error.errors(include_input=False, include_url=False)[0]["loc"])
        raise ContractError(f"not a history of membership{f' at `{where}`' if where else ''}") from None


def history_schema() -> dict[str, Any]:
    """Return the JSON Schema of a record."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **History.model_json_schema(),
        "title": SCHEMA_NAME,
    }
