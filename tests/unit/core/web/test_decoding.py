"""Encoded content, within its bounds."""

import gzip
import tracemalloc
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.web.decoding import bound, decode
from core.web.errors import FailedFetch, LargeContent, WrongContent


async def cut(data: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


async def join(pieces: AsyncIterator[bytes]) -> bytes:
    return b"".join([piece async for piece in pieces])


@given(st.binary(max_size=5000), st.integers(1, 700))
async def test_content_is_what_was_encoded(data: bytes, size: int) -> None:
    assert await join(decode(cut(gzip.compress(data), size), "gzip")) == data
    assert await join(decode(cut(data, size), "")) == data


async def test_bomb_is_undone_no_further_than_asked() -> None:
    bomb = gzip.compress(bytes(300_000_000))
    tracemalloc.start()
    try:
        with pytest.raises(LargeContent):
            await join(bound(decode(cut(bomb, 65_536), "gzip"), 1_000_000))
        assert tracemalloc.get_traced_memory()[1] < 8_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("encoding", ["br", "deflate", "gzip, gzip", "zstd"])
async def test_encoding_that_was_not_asked_for_is_refused(encoding: str) -> None:
    with pytest.raises(WrongContent):
        await join(decode(cut(b"data", 2), encoding))


async def test_bytes_that_are_not_encoded_are_refused() -> None:
    with pytest.raises(FailedFetch):
        await join(decode(cut(b"<html>", 2), "gzip"))


@given(st.binary(max_size=300), st.integers(0, 300))
async def test_bound_is_exact(data: bytes, max_bytes: int) -> None:
    if len(data) <= max_bytes:
        assert await join(bound(cut(data, 7), max_bytes)) == data
    else:
        with pytest.raises(LargeContent):
            await join(bound(cut(data, 7), max_bytes))
