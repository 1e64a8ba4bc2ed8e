"""The families under test, and all that a benchmark needs to know of each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
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
FAMILIES: Final = {family.name: family for family in (NPS, FCR)}


def columns(table: FactTable[Any]) -> dict[str, str]:
    """Every column beside the county, with its type, computed ones among them."""
    return {**table.columns, **table.computed}
