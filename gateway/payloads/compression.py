"""Compressed segments that fit into every connection's stream.

A connection with `compress=zlib-stream` reads one zlib stream for its whole life, one with `zstd-stream` one zstd
frame. A compressor for each connection would cost its state and its work for each recipient. It is not needed: a
segment that was compressed on its own refers to nothing before its beginning, so the same bytes are valid at any byte
boundary of any stream. A dispatch differs between recipients only in its first bytes (`{"s":N,`), and both formats have
blocks of uncompressed bytes:

    zlib    78 9C                    once, at the beginning of the stream
            00 LEN ~LEN prefix       a stored block (RFC 1951 section 3.2.4), one for each recipient
            segment                  raw deflate of the rest, ended by a sync flush (.. 00 00 FF FF): shared
    zstd    28 B5 2F FD 00 38        once: a frame of unknown size, window 128 KiB, no checksum (RFC 8878 section 3.1.1)
            3 bytes, prefix          a raw block, one for each recipient
            reset, segment           the blocks of a frame of its own, none of them marked as the last: shared

No deflate block is final, so there is no checksum either. A zstd decoder keeps its three last match offsets from block
to block, and a compressor assumes that they are 1, 4 and 8 at the beginning of a frame. `_ZSTD_RESET` makes that true:
it is a block that puts out `ZSTD_PAD` by matches of these three offsets. The pad is white space before the next key in
JSON. Other encodings need a key for it (`gateway.payloads.stream_formats`).

A connection with payload compression gets each payload as a whole zlib document: the same segment, an empty final block
and the checksum, which continues cheaply from that of the prefix.

Nothing here knows connections or events. Every function returns new bytes and keeps none.
"""

import enum
import zlib
from typing import Final

from gateway.payloads.zstd_library import zstd


class Compression(enum.IntEnum):
    """The compressions: `compress` of the gateway's address, and Identify's `compress: true`."""

    NONE = 0
    ZLIB_STREAM = 1
    ZSTD_STREAM = 2
    ZLIB_PAYLOAD = 3
    """Payload compression: each payload is a zlib document of its own (Identify's `compress`)."""


COMPRESSIONS = {"zlib-stream": Compression.ZLIB_STREAM, "zstd-stream": Compression.ZSTD_STREAM}
"""The stream compressions by their names in the address."""

ZLIB_HEADER = b"\x78\x9c"
ZLIB_SYNC = b"\x00\x00\x00\xff\xff"
"""An empty stored block, which ends a sync flush. Clients look for its last four bytes."""
_ZLIB_END = b"\x03\x00"
"""An empty final block."""
_MAX_STORED_BYTES = 65_535

_LEVEL = 6
_SMALL_BYTES = 4096
_SMALL_WINDOW = (-12, 5)
_FULL_WINDOW = (-15, 8)
"""Window bits and memory level. A small body cannot use more than a 4 KiB window. Setting up the full state costs seven
times as much as compressing the body (12 and 87 microseconds for 600 bytes)."""

_ALL_BYTES: Final = bytes(range(256))
_MAX_CHAINED_BYTES: Final = 32_768
"""The reach of deflate. A larger body has enough of its own bytes to refer to, in zstd as well."""

ZSTD_HEADER = b"\x28\xb5\x2f\xfd\x00\x38"
ZSTD_PAD = b" " * 17
_ZSTD_RESET = bytes.fromhex("5c000041200300380076001850b8")
_ZSTD_FRAME_HEADER_BYTES = 6
"""The size of magic, descriptor and window, with which a frame begins that has neither a size nor a dictionary."""
_ZSTD_MAX_BLOCK_BYTES = 1 << 17
_ZSTD_BLOCK_RLE = 1
_ZSTD_OPTIONS: dict[int, int] = {
    zstd.CompressionParameter.compression_level: 3,
    zstd.CompressionParameter.window_log: 17,
    zstd.CompressionParameter.content_size_flag: 0,
    zstd.CompressionParameter.checksum_flag: 0,
    zstd.CompressionParameter.dict_id_flag: 0,
}


def store_deflate(data: bytes) -> bytes:
    """Return `data` as stored deflate blocks, uncompressed. They are not flushed: more must follow."""
    blocks = []
    for start in range(0, len(data), _MAX_STORED_BYTES):
        block = data[start : start + _MAX_STORED_BYTES]
        size = len(block)
        blocks.append(b"\x00" + size.to_bytes(2, "little") + (size ^ 0xFFFF).to_bytes(2, "little") + block)
    return b"".join(blocks)


def compress_deflate(data: bytes) -> bytes:
    """Return `data` as deflate blocks that end in a sync flush and refer to nothing before them."""
    window_bits, memory_level = _choose_window(len(data))
    compressor = zlib.compressobj(_LEVEL, zlib.DEFLATED, window_bits, memory_level)
    return compressor.compress(data) + compressor.flush(zlib.Z_SYNC_FLUSH)


def chain_deflate(data: bytes, *, before: bytes, gap_bytes: int) -> bytes | None:
    """Return deflate blocks that refer to `before`, `gap_bytes` earlier in the stream; None if that is impossible."""
    dictionary = _make_dictionary(data, before, gap_bytes)
    if dictionary is None:
        return None
    window_bits, memory_level = _choose_window(len(dictionary) + len(data))
    compressor = zlib.compressobj(_LEVEL, zlib.DEFLATED, window_bits, memory_level, zdict=dictionary)
    return compressor.compress(data) + compressor.flush(zlib.Z_SYNC_FLUSH)


def _choose_window(size_bytes: int) -> tuple[int, int]:
    return _SMALL_WINDOW if size_bytes <= _SMALL_BYTES else _FULL_WINDOW


def _make_dictionary(data: bytes, before: bytes, gap_bytes: int) -> bytes | None:
    """Return `before` and a gap. No byte of the gap is in `data`, so `data` cannot refer to it."""
    unused = _ALL_BYTES.translate(None, data)
    if not unused or len(data) > _MAX_CHAINED_BYTES:
        return None
    return before[-_MAX_CHAINED_BYTES:] + unused[:1] * gap_bytes


def finish_zlib(prefix: bytes, data: bytes, segment: bytes) -> bytes:
    """Return a whole zlib document of `prefix` and `data`, where `segment` is `compress_deflate(data)`."""
    checksum = zlib.adler32(data, zlib.adler32(prefix))
    return b"".join((ZLIB_HEADER, store_deflate(prefix), segment, _ZLIB_END, checksum.to_bytes(4, "big")))


def store_zstd(data: bytes) -> bytes:
    """Return `data` as raw zstd blocks, none of them marked as the last."""
    blocks = []
    for start in range(0, len(data), _ZSTD_MAX_BLOCK_BYTES):
        block = data[start : start + _ZSTD_MAX_BLOCK_BYTES]
        blocks.append((len(block) << 3).to_bytes(3, "little") + block)
    return b"".join(blocks)


class ZstdCompressor:
    """Makes zstd segments. It holds the compressor's working memory (1 MB), which is costly to set up."""

    __slots__ = ("_compressor",)

    def __init__(self) -> None:
        self._compressor = zstd.ZstdCompressor(options=_ZSTD_OPTIONS)

    def compress(self, data: bytes) -> bytes:
        """Return `ZSTD_PAD` and `data` as zstd blocks that are valid wherever a block may begin."""
        frame = self._compressor.compress(data, zstd.ZstdCompressor.FLUSH_FRAME)
        return _ZSTD_RESET + _take_blocks(frame)

    def chain(self, data: bytes, *, before: bytes, gap_bytes: int) -> bytes | None:
        """Return zstd blocks that refer to `before`, `gap_bytes` earlier in the stream; None if that is impossible."""
        dictionary = _make_dictionary(data, before, gap_bytes)
        if dictionary is None:
            return None
        # A prefix is used once, so it is not digested into tables first.
        prefix = zstd.ZstdDict(dictionary + ZSTD_PAD, is_raw=True).as_prefix
        compressor = zstd.ZstdCompressor(options=_ZSTD_OPTIONS, zstd_dict=prefix)
        return _ZSTD_RESET + _take_blocks(compressor.compress(data, zstd.ZstdCompressor.FLUSH_FRAME))


def _take_blocks(frame: bytes) -> bytes:
    """Return the blocks of a whole zstd frame, without the mark of the last one."""
    blocks = bytearray()
    position = _ZSTD_FRAME_HEADER_BYTES
    is_last = False
    while not is_last:
        header = int.from_bytes(frame[position : position + 3], "little")
        is_last = bool(header & 1)
        size = 1 if header >> 1 & 3 == _ZSTD_BLOCK_RLE else header >> 3
        blocks += (header & ~1).to_bytes(3, "little")
        blocks += frame[position + 3 : position + 3 + size]
        position += 3 + size
    return bytes(blocks)
