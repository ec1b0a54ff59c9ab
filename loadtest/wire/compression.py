"""What a gateway's messages are unpacked with: nothing, or one stream of zlib or zstd for the whole connection."""

import zlib
from typing import Final, Protocol

import zstandard


class DamagedError(ValueError):
    """What came is no part of the stream."""


class Unpacker(Protocol):
    """The state of one connection's stream."""

    def unpack(self, payload: bytes) -> bytes:
        """Return the message that the payload holds. Each message ends where the server has flushed its stream.

        Raises DamagedError.
        """


class Plain:
    """Messages as they are."""

    __slots__ = ()

    def unpack(self, payload: bytes) -> bytes:
        """Return the payload."""
        return payload


class ZlibStream:
    """A stream of zlib (`compress=zlib-stream`)."""

    __slots__ = ("_stream",)

    def __init__(self) -> None:
        self._stream = zlib.decompressobj()

    def unpack(self, payload: bytes) -> bytes:
        """Return what the flush has made whole. Raises DamagedError."""
        try:
            return self._stream.decompress(payload)
        except zlib.error as error:
            raise DamagedError(str(error)) from error


class ZstdStream:
    """A stream of zstd (`compress=zstd-stream`)."""

    __slots__ = ("_stream",)

    def __init__(self) -> None:
        self._stream = zstandard.ZstdDecompressor().decompressobj()

    def unpack(self, payload: bytes) -> bytes:
        """Return what the flush has made whole. Raises DamagedError."""
        try:
            return self._stream.decompress(payload)
        except zstandard.ZstdError as error:
            raise DamagedError(str(error)) from error


UNPACKERS: Final[dict[str, type[Unpacker]]] = {"": Plain, "zlib-stream": ZlibStream, "zstd-stream": ZstdStream}
"""By the value of `compress` in the gateway's address."""
