"""Pseudonyms of one person under different keys, and the merge that says so; pure.

While the key file holds more than one key, an event that names a person by an identifier shows all of the person's
pseudonyms. The merge of two of them is a function of the two alone, so that told again, by any replica and in any
order, it is the same fact of the same order.
"""

from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import Any, Final, NamedTuple

from shared.contracts.canonical import digest
from shared.contracts.event import encode_parts

_TYPE: Final = "fi.hva.client.merged.v1"
_TIME: Final = "1970-01-01T00:00:00.000000Z"  # nobody's: the same for whoever tells it, and before any retraction
_KEPT: Final = 16  # bytes of the hash


class Alias(NamedTuple):
    """Two pseudonyms of a person of a county: under a key behind the first, and under the first."""

    county: str
    other: str
    new: str

    @property
    def merge_id(self) -> str:
        """The id of the merge. It shows neither pseudonym."""
        mac = sha256(f"{self.other}\x1f{self.new}".encode("ascii")).digest()[:_KEPT]
        return f"key-rotation-{urlsafe_b64encode(mac).rstrip(b'=').decode('ascii')}"


def merge_of(alias: Alias) -> tuple[bytes, bytes]:
    """Key and value of the canonical record of the merge."""
    county, merge_id = alias.county, alias.merge_id
    data: dict[str, Any] = {"revision": 1, "merge_id": merge_id}
    of_data = digest(data)  # which leaves persons out
    data.update({"from": alias.other, "into": alias.new})
    source = f"urn:hva:{county}:ingest"
    return f"{county}:merge:{merge_id}".encode(), encode_parts(county, source, merge_id, _TYPE, _TIME, of_data, data)
