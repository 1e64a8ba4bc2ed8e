"""Data of merges and erasures: they arrive on the care stream, and every family service reads them."""

from pydantic import Field

from shared.contracts.types import Data, Id, Pseudonym


class Merged(Data):
    """Two pseudonyms are one person."""

    merge_id: Id
    from_client: Pseudonym = Field(alias="from")
    into: Pseudonym


class Erased(Data):
    """All past and future facts of exactly this pseudonym are erased."""

    erasure_id: Id
    client: Pseudonym
