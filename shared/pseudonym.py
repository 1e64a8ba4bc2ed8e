"""Turns person identifiers into pseudonyms, for ingest and `hva erase`. Nothing else ever sees the identifiers."""

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Final

from shared.hetu import birth_date, normalised
from shared.keys import Key

_SEPARATOR: Final = b"\x1f"
_MAC_BYTES: Final = 16  # of the HMAC: 128 bits
_CACHE_SIZE: Final = 200_000
_MAX_CACHED_LENGTH: Final = 256  # characters of an identifier; with longer ones a sender could fill the memory


@dataclass(frozen=True, slots=True, repr=False)
class Keyring:
    """The keys of pseudonyms, the writing key first.

    Its bounded caches are personal data in memory. They are never logged and are dropped with the keyring, so a new key
    starts with empty caches.
    """

    keys: tuple[Key, ...]
    _hetu: Callable[[str, str], tuple[str, date] | None] = field(init=False, compare=False)
    _local: Callable[[str, str, str], str] = field(init=False, compare=False)
    _others: Callable[..., tuple[str, ...]] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        if not self.keys:
            raise ValueError("a keyring has at least one key")
        object.__setattr__(self, "_hetu", lru_cache(_CACHE_SIZE)(self._of_hetu))
        object.__setattr__(self, "_local", lru_cache(_CACHE_SIZE)(self._of_local))
        object.__setattr__(self, "_others", lru_cache(_CACHE_SIZE)(self._by_others))

    def of_hetu(self, county: str, hetu: str, today: date) -> str | None:
        """Return the pseudonym of a personal identity code as received; None when the code is not valid today."""
        found = (self._of_hetu if len(hetu) > _MAX_CACHED_LENGTH else self._hetu)(county, hetu)
        return found[0] if found and found[1] <= today else None

    def of_local(self, county: str, system: str, local_id: str) -> str:
        """Return the pseudonym of a source system's own id of a person."""
        if len(system) > _MAX_CACHED_LENGTH:
            return self._of_local(county, system, local_id)
        return self._local(county, system, local_id)

    def others_of_hetu(self, county: str, hetu: str) -> tuple[str, ...]:
        """Return the pseudonyms of a valid personal identity code under all keys but the first."""
        return self._others(county, "hetu", normalised(hetu))

    def others_of_local(self, county: str, system: str, local_id: str) -> tuple[str, ...]:
        """Return the pseudonyms of a source system's own id under all keys but the first."""
        others = self._by_others if len(system) > _MAX_CACHED_LENGTH else self._others
        return others(county, "local_id", system, local_id)

    def _by_others(self, *parts: str) -> tuple[str, ...]:
        return tuple(_pseudonym(key, *parts) for key in self.keys[1:])

    def _of_hetu(self, county: str, hetu: str) -> tuple[str, date] | None:
        code = normalised(hetu)
        born = birth_date(code)
        return (_pseudonym(self.keys[0], county, "hetu", code), born) if born else None

    def _of_local(self, county: str, system: str, local_id: str) -> str:
        return _pseudonym(self.keys[0], county, "local_id", system, local_id)


def _pseudonym(key: Key, *parts: str) -> str:
    """Hash the parts. This is unambiguous: every part but the last is `[a-z0-9_-]+` without the separator."""
    message = _SEPARATOR.join(part.encode("utf-8") for part in parts)
    mac = hmac.digest(key.secret, message, "sha256")[:_MAC_BYTES]
    return f"{key.id}.{urlsafe_b64encode(mac).rstrip(b'=').decode('ascii')}"
