"""Pseudonyms of one person under different keys, and the merge event that joins them; pure.

While the key file holds more than one key, an event with a client's identifier yields a pseudonym per key. The merge
of two pseudonyms depends on these two alone: published again, by any replica and in any order, it is the same fact
with the same rank.
"""

from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import Any, Final, NamedTuple

from shared.contracts.canonical import digest
from shared.contracts.event import encode_parts

_MERGE_TYPE: Final = "fi.hva.client.merged.v1"
_MERGE_TIME: Final = "1970-01-01T00:00:00.000000Z"  # the same for every replica, and before any retraction
_HASH_BYTES: Final = 16


class Alias(NamedTuple):
    """Two pseudonyms of a person of a county: `other` under an older key, `new` under the first key of the file."""

    county: str
    other: str
    new: str

    @property
    def merge_id(self) -> str:
        """The id of the merge: a hash, which reveals neither pseudonym."""
        mac = sha256(f"{self.other}\x1f{self.new}".encode("ascii")).digest()[:_HASH_BYTES]
        return f"key-rotation-{urlsafe_b64encode(mac).rstrip(b'=').decode('ascii')}"


def merge_of(alias: Alias) -> tuple[bytes, bytes]:
    """Key and value of the canonical record of the merge."""
    county, merge_id = alias.county, alias.merge_id
    data: dict[str, Any] = {"revision": 1, "merge_id": merge_id}
    data_digest = digest(data)  # before the pseudonyms are added: digests never cover them
    data.update({"from": alias.other, "into": alias.new})
    source = f"urn:hva:{county}:ingest"
    value = encode_parts(county, source, merge_id, _MERGE_TYPE, _MERGE_TIME, data_digest, data)
    return f"{county}:merge:{merge_id}".encode(), value
