"""Parsing of WebSocket frames, and the decoders of clients, with which tests check the gateway's bytes."""

import json
import zlib
from collections.abc import Callable
from typing import Any

import erlpack
import msgspec
import zstandard

from gateway.payloads.compression import Compression
from gateway.payloads.encodings import Encoding
from gateway.payloads.zstd_library import zstd


def split_frame(frame: bytes) -> tuple[int, bytes]:
    """Return opcode and payload of one whole, final, unmasked frame."""
    assert frame[0] & 0xF0 == 0x80
    length, start = frame[1], 2
    if length == 126:
        length, start = int.from_bytes(frame[2:4], "big"), 4
    elif length == 127:
        length, start = int.from_bytes(frame[2:10], "big"), 10
    assert len(frame) == start + length
    return frame[0] & 0x0F, frame[start:]


def decode_payload(encoding: Encoding, payload: bytes) -> Any:
    """Decode a payload with a stock decoder. The key of zstd's pad in binary encodings is dropped, as clients do."""
    if encoding is Encoding.JSON:
        return json.loads(payload)
    decoded = erlpack_value(erlpack.unpack(payload)) if encoding is Encoding.ETF else msgspec.msgpack.decode(payload)
    decoded.pop("_", None)
    return decoded


def erlpack_value(term: Any) -> Any:
    """Convert a term of erlpack: binaries, which it returns as bytes, become text."""
    if isinstance(term, bytes):
        return term.decode()
    if isinstance(term, dict):
        return {erlpack_value(key): erlpack_value(value) for key, value in term.items()}
    if isinstance(term, list):
        return [erlpack_value(item) for item in term]
    return term


STREAM_DECODERS: dict[str, tuple[Compression, Callable[[], Any]]] = {
    "zlib": (Compression.ZLIB_STREAM, zlib.decompressobj),
    "zstandard": (Compression.ZSTD_STREAM, lambda: zstandard.ZstdDecompressor().decompressobj()),
    "zstd": (Compression.ZSTD_STREAM, zstd.ZstdDecompressor),
}
"""The decompressors of discord.py (zlib, zstandard) and hikari (zlib, the stdlib's zstd or its backport). Each makes
one object for a connection."""
