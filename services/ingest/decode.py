"""Bytes to an accepted event or a rejection: the whole validation of ingest, and pure.

Nothing in a record can make it raise. The checks stand in the order of the contract; the first that fails is told.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final, cast
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from services.ingest.client import pseudonym, pseudonym_of_hetu, refuse_codes
from services.ingest.envelope import Envelope, Opened, open_record, read_envelope
from services.ingest.pseudonym import Keyring
from services.ingest.refusal import Refusal
from services.ingest.schema import fit
from services.ingest.themes import Themes
from shared.contracts.canonical import digest
from shared.contracts.catalogue import Stream
from shared.contracts.event import encode_parts
from shared.contracts.event_types import EVENT_TYPES, PERSON_KINDS, PROMISES, EventType
from shared.contracts.reasons import Reason
from shared.contracts.types import format_instant, parse_instant
from shared.record import Headers

LOCAL: Final = ZoneInfo("Europe/Helsinki")
TOLERANCE: Final = timedelta(hours=1)  # clocks of upstream systems


@dataclass(frozen=True, slots=True)
class Context:
    """What a validation depends on besides the record. `sources` None: every source of a known county may write."""

    units: Mapping[str, frozenset[str]]
    sources: Mapping[str, frozenset[str]] | None
    themes: Themes
    keyring: Keyring
    now: datetime  # aware
    today: date = field(init=False)
    limit: str = field(init=False)  # canonical text of the latest time that is not too far ahead

    def __post_init__(self) -> None:
        object.__setattr__(self, "today", self.now.astimezone(LOCAL).date())
        object.__setattr__(self, "limit", format_instant((self.now + TOLERANCE).astimezone(UTC)))
