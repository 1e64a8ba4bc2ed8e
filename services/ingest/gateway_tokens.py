"""Authentication at the HTTP gateway: a sender presents one of the tokens in a file."""

import hashlib
import hmac
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from shared.keys import KeyFileError, read_private

_MIN_LENGTH: Final = 20  # characters


class Tokens:
    """The accepted tokens, kept and compared as digests in constant time."""

    def __init__(self, tokens: Iterable[str]) -> None:
        self._digests = [_digest(token) for token in tokens]

    def admit(self, authorization: str) -> bool:
        """Whether the header is `Bearer <one of the tokens>`."""
        scheme, _, token = authorization.partition(" ")
        presented = _digest(token.strip())
        matches = [hmac.compare_digest(presented, digest) for digest in self._digests]
        return scheme.lower() == "bearer" and any(matches)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()


def read_tokens(path: Path) -> Tokens:
    """Read one token per line, so that an old and a new one can coexist. Raises KeyFileError with the remedy."""
    lines = (line.strip() for line in read_private(path, "token file").splitlines())
    tokens = [line for line in lines if line and not line.startswith("#")]
    if not tokens or min(map(len, tokens)) < _MIN_LENGTH:
        raise KeyFileError(f"token file {path.name}: write one token of at least {_MIN_LENGTH} characters per line")
    return Tokens(tokens)
