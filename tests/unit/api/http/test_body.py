"""Bodies are bounded, and read whole or in chunks."""

from typing import Any

import pytest

from api.http.body import Body
from api.http.errors import UnsupportedMedia
from core.domain.errors import InvalidJson, TooLarge


class Client:
    """Sends a body in chunks, a chunk each time that it is asked, then goes away."""

    def __init__(self, *chunks: bytes, ends: bool = True) -> None:
        self._chunks = list(chunks)
        self._ends = ends
        self.asked = 0

    async def receive(self) -> Any:
        self.asked += 1
        if not self._chunks:
            return {"type": "http.disconnect"}
        chunk = self._chunks.pop(0)
        return {"type": "http.request", "body": chunk, "more_body": bool(self._chunks) or not self._ends}


def body_from(client: Client, *headers: tuple[bytes, bytes], limit_bytes: int = 10) -> Body:
    return Body({"headers": list(headers)}, client.receive, limit_bytes)


@pytest.mark.parametrize(
    ("chunks", "whole"), [((b"",), b"{}"), ((b"", b""), b"{}"), ((b"[1]",), b"[1]"), ((b"[", b"", b"1]"), b"[1]")]
)
async def test_body_is_read_whole(chunks: tuple[bytes, ...], whole: bytes) -> None:
    assert await body_from(Client(*chunks)).read() == whole


async def test_chunks_come_one_by_one_as_they_are_taken() -> None:
    client = Client(b"ab", b"cd", b"")
    chunks = body_from(client).chunks()
    assert client.asked == 0
    assert await anext(chunks) == b"ab"
    assert client.asked == 1
    assert [chunk async for chunk in chunks] == [b"cd", b""]
    assert client.asked == 3


async def test_chunks_of_a_body_that_grows_too_large_end_there() -> None:
    client = Client(b"x" * 6, b"x" * 5, b"never asked for")
    chunks = body_from(client).chunks()
    assert await anext(chunks) == b"x" * 6
    with pytest.raises(TooLarge):
        await anext(chunks)
    assert client.asked == 2


@pytest.mark.parametrize("size", [10, 11])
async def test_body_of_the_bound_is_read_and_one_byte_more_is_not(size: int) -> None:
    body = body_from(Client(b"x" * size))
    if size == 10:
        assert await body.read() == b"x" * 10
    else:
        with pytest.raises(TooLarge):
            await body.read()


@pytest.mark.parametrize("length", [b"11", b"1000000000000000000", b"9" * 5000, b"00011"])
async def test_body_that_is_announced_as_too_large_is_not_asked_for(length: bytes) -> None:
    client = Client(b"x")
    with pytest.raises(TooLarge):
        await body_from(client, (b"content-length", length)).read()
    with pytest.raises(TooLarge):
        await anext(body_from(client, (b"content-length", length)).chunks())
    assert client.asked == 0


@pytest.mark.parametrize("header", [(b"content-encoding", b"gzip"), (b"content-type", b"text/plain; charset=utf-16")])
async def test_body_in_an_encoding_that_is_not_read_is_refused(header: tuple[bytes, bytes]) -> None:
    with pytest.raises(UnsupportedMedia):
        await body_from(Client(b"{}"), header).read()


async def test_client_that_goes_away_in_the_middle_has_sent_no_body() -> None:
    with pytest.raises(InvalidJson):
        await body_from(Client(b"{", ends=False)).read()
    chunks = body_from(Client(b"{", ends=False)).chunks()
    assert await anext(chunks) == b"{"
    with pytest.raises(InvalidJson):
        await anext(chunks)


async def test_leading_zeros_of_a_length_count_for_nothing() -> None:
    assert await body_from(Client(b"[1]"), (b"content-length", b"0" * 30 + b"3")).read() == b"[1]"
