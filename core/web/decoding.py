"""Content encodings, undone within bounds: few bytes can be very many, and are not taken further than asked for."""

import zlib
from collections.abc import AsyncIterator
from typing import Final

from core.web.errors import FailedFetch, LargeContent, WrongContent

ACCEPTED: Final = "gzip"
"""The header by which a request asks for encoded content. Servers disagree on what deflate is."""
_GZIP: Final = 16 + zlib.MAX_WBITS
_PIECE_BYTES: Final = 65_536


async def bound(pieces: AsyncIterator[bytes], max_bytes: int) -> AsyncIterator[bytes]:
    """Yield the pieces. Raises LargeContent in the place of what goes beyond `max_bytes`."""
    left_bytes = max_bytes
    async for piece in pieces:
        left_bytes -= len(piece)
        if left_bytes < 0:
            raise LargeContent(f"more than {max_bytes} bytes")
        yield piece


async def decode(pieces: AsyncIterator[bytes], encoding: str) -> AsyncIterator[bytes]:
    """Yield the content in pieces of 64 KiB at most.

    Raises:
        WrongContent: for an encoding that was not asked for. FailedFetch: for bytes that are not in it.
    """
    match encoding.strip().lower():
        case "" | "identity":
            async for piece in pieces:
                yield piece
        case "gzip" | "x-gzip":
            async for piece in _inflate(pieces):
                yield piece
        case other:
            raise WrongContent(f"the encoding {other[:32]!r} is not read")


async def _inflate(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    stream = zlib.decompressobj(_GZIP)
    async for piece in pieces:
        rest = piece
        while rest and not stream.eof:
            try:
                plain = stream.decompress(rest, _PIECE_BYTES)
            except zlib.error as error:
                raise FailedFetch("the content is not in its encoding") from error
            rest = stream.unconsumed_tail
            if plain:
                yield plain
        if stream.eof:
            return
