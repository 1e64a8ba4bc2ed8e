"""The body of a request, decompressed here: aiohttp lets a gzip stream that was cut short pass for a whole one."""

import zlib
from collections.abc import AsyncIterator
from typing import Final

CODINGS: Final = {"gzip": 16 + zlib.MAX_WBITS, "x-gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}
"""Content coding -> window bits of zlib."""
_ZLIB_METHOD: Final = 8  # the lower half of the first byte of a zlib stream
_MOST_MEMBERS: Final = 1000  # of one body: empty ones cost time and add nothing


class UnsupportedCodingError(ValueError):
    """The body is in a content coding that is not read here."""


class DamagedBodyError(ValueError):
    """The body was cut short or is not what its content coding says."""


class BodyTooLargeError(ValueError):
    """The body, decompressed, is over the limit."""


async def read_body(chunks: AsyncIterator[bytes], coding: str, limit: int) -> bytes:
    """The whole body, of `limit` bytes at most once it is decompressed. Raises the errors of this module."""
    decoder = _decoder(coding)
    body = bytearray()
    async for chunk in chunks:
        body += decoder.decode(chunk, limit + 1 - len(body))
        if len(body) > limit:
            raise BodyTooLargeError
    decoder.finish()
    return bytes(body)


def _decoder(coding: str) -> "_Identity | _Inflate":
    name = coding.strip().lower()
    if name in ("", "identity"):
        return _Identity()
    if name not in CODINGS:
        raise UnsupportedCodingError
    return _Inflate(CODINGS[name])


class _Identity:
    """A body as it was sent."""

    def decode(self, chunk: bytes, most: int) -> bytes:
        return chunk

    def finish(self) -> None:
        """There is nothing to be missing."""


class _Inflate:
    """gzip (one member after another) or deflate."""

    def __init__(self, window_bits: int) -> None:
        self._window_bits = window_bits
        self._stream: zlib._Decompress | None = None
        self._members = 0

    def decode(self, chunk: bytes, most: int) -> bytes:
        """What a chunk adds to the body, or its first `most` bytes where it is more. Raises DamagedBodyError."""
        decoded = b""
        try:
            while chunk and len(decoded) < most:
                if self._stream is None or self._stream.eof:
                    self._stream = self._next_member(chunk)
                decoded += self._stream.decompress(chunk, most - len(decoded))
                chunk = self._stream.unused_data
        except zlib.error as error:
            raise DamagedBodyError from error
        return decoded

    def finish(self) -> None:
        """Raises DamagedBodyError where the end is missing."""
        if self._stream is not None and not self._stream.eof:
            raise DamagedBodyError

    def _next_member(self, chunk: bytes) -> "zlib._Decompress":
        self._members += 1
        if self._members > _MOST_MEMBERS:
            raise DamagedBodyError
        return zlib.decompressobj(self._bits(chunk))

    def _bits(self, chunk: bytes) -> int:
        """Some senders of deflate leave the frame of zlib out."""
        tombstone = self._window_bits == zlib.MAX_WBITS and chunk[0] & 0x0F != _ZLIB_METHOD
        return -zlib.MAX_WBITS if tombstone else self._window_bits
