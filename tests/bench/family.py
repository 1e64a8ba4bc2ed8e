"""The families under test, and all that a benchmark needs to know of each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from services.fcr.decode import decode as decode_fcr
from services.fcr.domain import MEASURES as FCR_MEASURES
from services.fcr.store import CONTACTS, HYTE
from services.fcr.store import apply as apply_fcr
from services.nps.decode import decode as decode_nps
from services.nps.domain import MEASURES as NPS_MEASURES
from services.nps.store import FEEDBACK as DIRECT
from services.nps.store import INVITATIONS, RESPONSES
from services.nps.store import apply as apply_nps
from services.segments.decode import decode as decode_care
from services.segments.domain import MEASURES as CARE_MEASURES
from services.segments.store import TABLES as CARE_TABLES
from services.segments.store import apply as apply_care
from shared.contracts import catalogue
from shared.contracts.catalogue import Stream, Topic
from shared.deltas import Measure
from shared.postgres.facts import FactTable


@dataclass(frozen=True)
class Family:
    """A family service: `name` is that of the service, of its schema and of its role."""

    name: str
    stream: Stream
    topic: Topic
    tables: tuple[FactTable[Any], ...]
    measures: tuple[Measure, ...]
    decode: Callable[..., Any]
    apply: Callable[..., Any]
    together: Mapping[str, str]
    """Table to the expression that rows share which must be copied together, for a history that is made of copies."""
    persons: bool = False
    """Whether clients are numbered, in `<schema>.client`."""
    more: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Further tables of what follows from facts, with the types of their columns beside the county."""


NPS: Final = Family(
    name="nps",
    stream=Stream.FEEDBACK,
    topic=catalogue.FEEDBACK,
    tables=(INVITATIONS, RESPONSES, DIRECT),
    measures=NPS_MEASURES,
    decode=decode_nps,
    apply=apply_nps,
    together={"nps.invitation": "id", "nps.response": "coalesce(invitation_id, id)", "nps.feedback": "id"},
)
FCR: Final = Family(
    name="fcr",
    stream=Stream.CONTACT,
    topic=catalogue.CONTACT,
    tables=(CONTACTS, HYTE),
    measures=FCR_MEASURES,
    decode=decode_fcr,
    apply=apply_fcr,
    together={"fcr.contact": "coalesce(own_client, id)", "fcr.hyte": "id", "fcr.client": "client"},
    persons=True,
)
SEGMENTS: Final = Family(
    name="segments",
    stream=Stream.CARE,
    topic=catalogue.CARE,
    tables=tuple(CARE_TABLES.values()),
    measures=CARE_MEASURES,
    decode=decode_care,
    apply=apply_care,
    together={
        **{table.name: "coalesce(person::text, id)" for table in CARE_TABLES.values()},
        "segments.membership": "person::text",
        "segments.client": "person::text",
    },
    persons=True,
    more={"segments.membership": {"person": "bigint", "first": "date", "until": "date"}},
)
FAMILIES: Final = {family.name: family for family in (NPS, FCR, SEGMENTS)}


def columns(table: FactTable[Any]) -> dict[str, str]:
    """Every column beside the county, with its type, computed ones among them."""
    return {**table.columns, **table.computed}
