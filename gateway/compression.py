"""Compression of what the gateway sends."""

import enum

from gateway.encodings import Encoding


class Compression(enum.IntEnum):
    """`compress` of the gateway's address, and Identify's `compress: true`."""

    NONE = 0
    ZLIB_STREAM = 1
    ZSTD_STREAM = 2
    ZLIB_PAYLOAD = 3
    """Each payload is a zlib document of its own (Identify's `compress`)."""


COMPRESSIONS = {"zlib-stream": Compression.ZLIB_STREAM, "zstd-stream": Compression.ZSTD_STREAM}
"""Transport compressions by their names in the address."""


def compress_shared(encoding: Encoding, compression: Compression, shared: bytes) -> bytes:
    """The shared part of a dispatch as a segment that fits into every stream of this form."""
    raise NotImplementedError(encoding, compression, shared)
