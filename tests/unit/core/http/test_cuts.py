"""However a client's bytes are cut, and whatever else it wishes to speak, the same requests are made of them."""

import asyncio
from collections.abc import Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from core.http.bounds import DEFAULT_BOUNDS
from tests.fakes.http_transport import FakeHttpConnection

Asked = tuple[str, str, bytes]

WISHES = (
    b"",
    b"connection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABkAAQ\r\n",
    b"connection: keep-alive, upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n",
    b"upgrade: TLS/1.0\r\n",
)

requests = st.tuples(
    st.sampled_from(("GET", "POST", "DELETE")), st.sampled_from(WISHES), st.binary(max_size=40), st.booleans()
)


def encode(number: int, method: str, wish: bytes, body: bytes, *, is_chunked: bool) -> bytes:
    head = b"%b /%d HTTP/1.1\r\nhost: x\r\n%b" % (method.encode(), number, wish)
    if not is_chunked:
        return head + b"content-length: %d\r\n\r\n" % len(body) + body
    chunks = b"".join(b"1;x=y\r\n%c\r\n" % byte for byte in body)
    return head + b"transfer-encoding: chunked\r\n\r\n" + chunks + b"0\r\nupgrade: h2c\r\n\r\n"


async def ask(pieces: Sequence[bytes]) -> list[Asked]:
    """A request, as the application got it."""
    asked: list[Asked] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        body = b""
        while (message := await receive()).get("more_body"):
            body += message["body"]
        asked.append((scope["method"], scope["path"], body + message.get("body", b"")))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    connection = FakeHttpConnection(app, bounds=DEFAULT_BOUNDS)
    for piece in pieces:
        connection.protocol.data_received(piece)
        await asyncio.sleep(0)
    for _ in range(30):
        await asyncio.sleep(0)
    connection.protocol.connection_lost(None)
    return asked


@given(st.lists(requests, min_size=1, max_size=4), st.lists(st.integers(1, 200), max_size=20))
def test_requests_are_the_same_however_they_are_cut(
    wanted: list[tuple[str, bytes, bytes, bool]], sizes: list[int]
) -> None:
    data = b"".join(
        encode(number, method, wish, body, is_chunked=is_chunked)
        for number, (method, wish, body, is_chunked) in enumerate(wanted)
    )
    pieces = []
    for size in sizes:
        pieces.append(data[:size])
        data = data[size:]
    pieces.append(data)
    expected = [(method, f"/{number}", body) for number, (method, _, body, _) in enumerate(wanted)]
    assert asyncio.run(ask([piece for piece in pieces if piece])) == expected
