"""Streams are unpacked message by message, and what is no part of a stream is told as one kind of error."""

import zlib

import pytest
import zstandard

from loadtest.wire.compression import UNPACKERS, DamagedError


def _pack(compression: str, messages: list[bytes]) -> list[bytes]:
    match compression:
        case "zlib-stream":
            deflating = zlib.compressobj()
            return [deflating.compress(each) + deflating.flush(zlib.Z_SYNC_FLUSH) for each in messages]
        case "zstd-stream":
            packing = zstandard.ZstdCompressor().compressobj()
            return [packing.compress(each) + packing.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK) for each in messages]
        case _:
            return messages


@pytest.mark.parametrize("compression", list(UNPACKERS))
def test_unpack_messages_of_a_stream_gives_each(compression: str) -> None:
    messages, unpacker = [b"one", b"two" * 1000, b"one"], UNPACKERS[compression]()
    assert [unpacker.unpack(each) for each in _pack(compression, messages)] == messages


@pytest.mark.parametrize("compression", [name for name in UNPACKERS if name])
def test_unpack_what_is_no_stream_raises(compression: str) -> None:
    with pytest.raises(DamagedError):
        UNPACKERS[compression]().unpack(b"no stream of any kind")
