"""Data of what concerns a person as such: it arrives on the care stream and goes to every service."""

from pydantic import Field

from shared.contracts.types import Data, Id, Pseudonym


class Merged(Data):
    """Two pseudonyms are one person."""

    merge_id: Id
    from_client: Pseudonym = Field(alias="from")
    into: Pseudonym


class Erased(Data):
    """Everything of exactly this pseudonym goes, past and to come."""

    erasure_id: Id
    client: Pseudonym
