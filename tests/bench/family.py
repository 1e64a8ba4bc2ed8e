"""The families under test, with everything that benchmarks need of each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from services.fcr.decode import decode as decode_fcr
from services.fcr.domain import MEASURES as FCR_MEASURES
from services.fcr.store import apply as apply_fcr
from services.fcr.tables import CONTACTS, HYTE
from services.nps.decode import decode as decode_nps
from services.nps.domain import MEASURES as NPS_MEASURES
from services.nps.store import apply as apply_nps
from services.nps.tables import FEEDBACK as DIRECT
from services.nps.tables import INVITATIONS, RESPONSES
from services.segments.decode import decode as decode_care
from services.segments.domain import MEASURES as CARE_MEASURES
from services.segments.store import apply as apply_care
from services.segments.tables import TABLES as CARE_TABLES
from shared.contracts import catalogue
from shared.contracts.catalogue import Stream, Topic
from shared.deltas import Measure
from shared.postgres.facts import FactTable


@dataclass(frozen=True)
class Family:
    """A family service. `name` is the name of the service and its schema; its role is `hva_<name>`."""

    name: str
    stream: Stream
    topic: Topic
    tables: tuple[FactTable[Any], ...]
    measures: tuple[Measure, ...]
    decode: Callable[..., Any]
    apply: Callable[..., Any]
    copy_groups: Mapping[str, str]
    """Table to the expression that groups rows: rows with the same value are copied together into the history."""
    numbers_clients: bool = False
    """Whether `<schema>.client` numbers the clients."""
    derived_tables: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Tables derived from facts, with the types of their columns other than the county."""


NPS: Final = Family(
    name="nps",
    stream=Stream.FEEDBACK,
    topic=catalogue.FEEDBACK,
    tables=(INVITATIONS, RESPONSES, DIRECT),
    measures=NPS_MEASURES,
    decode=decode_nps,
    apply=apply_nps,
    copy_groups={"nps.invitation": "id", "nps.response": "coalesce(invitation_id, id)", "nps.feedback": "id"},
)
FCR: Final = Family(
    name="fcr",
    stream=Stream.CONTACT,
    topic=catalogue.CONTACT,
    tables=(CONTACTS, HYTE),
    measures=FCR_MEASURES,
    decode=decode_fcr,
    apply=apply_fcr,
    copy_groups={"fcr.contact": "coalesce(own_client, id)", "fcr.hyte": "id", "fcr.client": "client"},
    numbers_clients=True,
)
SEGMENTS: Final = Family(
    name="segments",
    stream=Stream.CARE,
    topic=catalogue.CARE,
    tables=tuple(CARE_TABLES.values()),
    measures=CARE_MEASURES,
    decode=decode_care,
    apply=apply_care,
    copy_groups={
        **{table.name: "coalesce(person::text, id)" for table in CARE_TABLES.values()},
        "segments.membership": "person::text",
        "segments.client": "person::text",
    },
    numbers_clients=True,
    derived_tables={"segments.membership": {"person": "bigint", "first": "date", "until": "date"}},
)
FAMILIES: Final = {family.name: family for family in (NPS, FCR, SEGMENTS)}


def columns(table: FactTable[Any]) -> dict[str, str]:
    """Every column except the county, computed ones included, with its type."""
    return {**table.columns, **table.computed}
