"""Reads and decompresses the body of a request. aiohttp accepts a truncated gzip stream as complete; this does not."""

import zlib
from collections.abc import AsyncIterator
from typing import Final

CODINGS: Final = {"gzip": 16 + zlib.MAX_WBITS, "x-gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}
"""Content coding -> window bits of zlib."""
_ZLIB_METHOD: Final = 8  # the lower half of the first byte of a zlib stream
_MAX_MEMBERS: Final = 1000  # per body: empty members cost time and add nothing


class UnsupportedCodingError(ValueError):
    """The content coding of the body is not supported."""


class DamagedBodyError(ValueError):
    """The body is truncated or does not match its content coding."""


class BodyTooLargeError(ValueError):
    """The decompressed body is over the limit."""


async def read_body(chunks: AsyncIterator[bytes], coding: str, limit: int) -> bytes:
    """The decompressed body, at most `limit` bytes. Raises the errors of this module."""
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

    def decode(self, chunk: bytes, max_bytes: int) -> bytes:
        return chunk

    def finish(self) -> None:
        """An identity body is always complete."""


class _Inflate:
    """gzip (one member after another) or deflate."""

    def __init__(self, window_bits: int) -> None:
        self._window_bits = window_bits
        self._stream: zlib._Decompress | None = None
        self._members = 0

    def decode(self, chunk: bytes, max_bytes: int) -> bytes:
        """The decompressed chunk, cut after `max_bytes`. Raises DamagedBodyError."""
        decoded = b""
        try:
            while chunk and len(decoded) < max_bytes:
                if self._stream is None or self._stream.eof:
                    self._stream = self._next_member(chunk)
                decoded += self._stream.decompress(chunk, max_bytes - len(decoded))
                chunk = self._stream.unused_data
        except zlib.error as error:
            raise DamagedBodyError from error
        return decoded

    def finish(self) -> None:
        """Raises DamagedBodyError when the end of the stream is missing."""
        if self._stream is not None and not self._stream.eof:
            raise DamagedBodyError

    def _next_member(self, chunk: bytes) -> "zlib._Decompress":
        self._members += 1
        if self._members > _MAX_MEMBERS:
            raise DamagedBodyError
        return zlib.decompressobj(self._window_bits_of(chunk))

    def _window_bits_of(self, chunk: bytes) -> int:
        """Window bits for this stream: some senders of deflate omit the zlib frame."""
        is_raw_deflate = self._window_bits == zlib.MAX_WBITS and chunk[0] & 0x0F != _ZLIB_METHOD
        return -zlib.MAX_WBITS if is_raw_deflate else self._window_bits
