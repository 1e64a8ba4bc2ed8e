"""The segment stream: when each pseudonym is a member of the multidisciplinary segment.

A record is no event but a state: the complete membership history of one pseudonym of one county. The topic is
compacted, so the last record of a key says everything, and of two the one with the greater version holds, whichever
comes first.
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
    """Local dates from the first of an interval up to and without its second, null where it is open.

    Intervals are sorted and do not overlap; none at all says that the client is no member, or no longer.
    """

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")

    county: Id
    client: Pseudonym
    version: Annotated[int, Field(ge=1, le=BIGINT)]
    intervals: tuple[tuple[Day, Day | None], ...]

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        free: date | None = date.min  # the first day that no interval before has taken
        for first, until in self.intervals:
            if free is None or first < free or (until is not None and until <= first):
                raise ValueError("intervals are not sorted and disjoint")
            free = until
        return self


def encode_history(county: str, client: str, version: int, intervals: Intervals) -> bytes:
    """The value of a record of the segment stream."""
    return orjson.dumps({"county": county, "client": client, "version": version, "intervals": intervals})


def decode_history(value: bytes) -> History:
    """What `encode_history` wrote. Raises ContractError on anything else; its message holds no value."""
    try:
        return History.model_validate_json(value)
    except ValidationError as error:
        where = ".".join(str(step) for step in error.errors(include_input=False, include_url=False)[0]["loc"])
        raise ContractError(f"not a history of membership{f' at `{where}`' if where else ''}") from None


def history_schema() -> dict[str, Any]:
    """The JSON Schema of a record."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **History.model_json_schema(),
        "title": SCHEMA_NAME,
    }
