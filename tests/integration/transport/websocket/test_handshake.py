"""The opening handshake (RFC 6455 sections 4.1 and 4.2): accepted and refused requests, their answers, and their
pieces.
"""

import asyncio
import base64
import hashlib
import itertools
import random
from collections.abc import Callable

import pytest

from tests.integration.transport.websocket.conftest import RunServer
from tests.integration.transport.websocket.echo_server import EchoServer
from tests.integration.transport.websocket.framing_cases import HEARTBEAT
from tests.support.gateway.client_frames import TEXT, make_client_frame, make_close
from tests.support.gateway.websocket_client import (
    HANDSHAKE,
    UPGRADE,
    WebSocketClient,
    ask,
    make_login,
    make_request,
    open_tcp,
)

Change = Callable[[bytes], bytes]
KEY = UPGRADE["Sec-WebSocket-Key"]
GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
BYE = make_close(1000)


def with_header(**changed: str | None) -> bytes:
    """Return the handshake with other values of headers (`_` for `-`). None leaves a header out."""
    headers = {**UPGRADE, **{name.replace("_", "-"): value for name, value in changed.items()}}
    return make_request("/?v=10", {name: value for name, value in headers.items() if value is not None})


def replaced(old: bytes, new: bytes) -> bytes:
    """Return the handshake with other bytes."""
    assert old in HANDSHAKE
    return HANDSHAKE.replace(old, new)


def with_line(line: bytes) -> bytes:
    """Return the handshake with one more line."""
    return HANDSHAKE[:-2] + line + b"\r\n\r\n"


def parse_head(head: bytes) -> tuple[bytes, dict[str, str]]:
    """Parse the status line and the headers, by their names in lower case. No name may come twice."""
    status, *lines = head.removesuffix(b"\r\n\r\n").split(b"\r\n")
    pairs = [line.decode("ascii").partition(": ") for line in lines]
    assert len({name.lower() for name, _, _ in pairs}) == len(pairs)
    return status, {name.lower(): value for name, _, value in pairs}


TAKEN = {
    "as it is": HANDSHAKE,
    "names in lower case": make_request("/?v=10", {name.lower(): value for name, value in UPGRADE.items()}),
    "names in upper case": make_request("/?v=10", {name.upper(): value for name, value in UPGRADE.items()}),
    "upgrade in another case": with_header(Upgrade="WebSocket"),
    "connection in another case": with_header(Connection="UPGRADE"),
    "keep-alive before upgrade": with_header(Connection="keep-alive, Upgrade"),
    "keep-alive after upgrade": with_header(Connection="upgrade,keep-alive"),
    "empty tokens around upgrade": with_header(Connection=", ,Upgrade, "),
    "connection in two lines": replaced(b"Connection: Upgrade", b"Connection: keep-alive\r\nConnection: Upgrade"),
    "no space after the colon": HANDSHAKE.replace(b": ", b":"),
    "much space around values": HANDSHAKE.replace(b": ", b":\t  ").replace(b"13\r\n", b"13 \t\r\n"),
    "an origin": with_header(Origin="http://elsewhere.example"),
    "protocols": with_header(Sec_WebSocket_Protocol="chat, superchat"),
    "extensions": with_header(Sec_WebSocket_Extensions="permessage-deflate; client_max_window_bits, x-unknown"),
    "an empty body": with_header(Content_Length="0"),
    "a whole address": make_request("http://gateway/?v=10", UPGRADE),
    "a whole address without a path": make_request("HTTP://gateway:80?v=10", UPGRADE),
    "other headers": with_header(User_Agent="ü/1.0", Cookie="a=b; c=d", Accept_Encoding="gzip"),
    "a long header": with_header(X="x" * 4000),
    "fifty headers": HANDSHAKE[:-2] + b"".join(b"X-%d: y\r\n" % n for n in range(50)) + b"\r\n",
}

REFUSED = {
    "no host": with_header(Host=None),
    "two hosts": with_line(b"Host: other"),
    "no upgrade": with_header(Upgrade=None),
    "another upgrade": with_header(Upgrade="h2c"),
    "half an upgrade": with_header(Upgrade="websock"),
    "two upgrades": with_line(b"Upgrade: h2c"),
    "no connection": with_header(Connection=None),
    "another connection": with_header(Connection="keep-alive"),
    "a connection that contains the word": with_header(Connection="no-upgrade"),
    "no key": with_header(Sec_WebSocket_Key=None),
    "an empty key": with_header(Sec_WebSocket_Key=""),
    "a key of 15 bytes": with_header(Sec_WebSocket_Key=base64.b64encode(b"x" * 15).decode()),
    "a key of 17 bytes": with_header(Sec_WebSocket_Key=base64.b64encode(b"x" * 17).decode()),
    "a key that is no base64": with_header(Sec_WebSocket_Key="!!!!AGhlIHNhbXBsZSBub25jZQ=="),
    "a key without its padding": with_header(Sec_WebSocket_Key=KEY.rstrip("=")),
    "a key with a space within": with_header(Sec_WebSocket_Key=KEY[:9] + " " + KEY[9:]),
    "a key that is not ASCII": with_header(Sec_WebSocket_Key=KEY[:-3] + "é=="),
    "two keys": with_line(b"Sec-WebSocket-Key: " + KEY.encode()),
    "no version": with_header(Sec_WebSocket_Version=None),
    "an older version": with_header(Sec_WebSocket_Version="8"),
    "a newer version": with_header(Sec_WebSocket_Version="14"),
    "several versions": with_header(Sec_WebSocket_Version="13, 8"),
    "a version in another form": with_header(Sec_WebSocket_Version="013"),
    "two version lines": with_line(b"Sec-WebSocket-Version: 8"),
    "HTTP/1.0": replaced(b"HTTP/1.1", b"HTTP/1.0"),
    "HTTP/0.9": replaced(b" HTTP/1.1", b""),
    "another protocol": replaced(b"HTTP/1.1", b"RTSP/1.0"),
    "a header without a colon": with_line(b"nothing"),
    "a header without a name": with_line(b": nothing"),
    "a space before a colon": with_line(b"X-Name : value"),
    "a space in a name": with_line(b"X Name: value"),
    "a folded header": replaced(b"Upgrade: websocket", b"Upgrade:\r\n websocket"),
    "a NUL in a value": with_line(b"X: a\x00b"),
    "a bare CR in a value": with_line(b"X: a\rb"),
    "a body": with_header(Content_Length="5") + b"hello",
    "a length that is none": with_header(Content_Length="five"),
    "a negative length": with_header(Content_Length="-5"),
    "a chunked body": with_header(Transfer_Encoding="chunked") + b"0\r\n\r\n",
    "a method in lower case": replaced(b"GET ", b"get "),
    **{
        f"method {method}": replaced(b"GET ", method + b" ")
        for method in (b"POST", b"HEAD", b"PUT", b"OPTIONS", b"PRI")
    },
    "a thousand headers": HANDSHAKE[:-2] + b"".join(b"X-%d: y\r\n" % n for n in range(1000)) + b"\r\n",
}
ABOUT_VERSION = {"no version", "an older version", "a newer version", "several versions", "a version in another form"}


@pytest.mark.parametrize("name", TAKEN)
async def test_handshake_is_taken_as_the_rfc_says(server: EchoServer, name: str) -> None:
    async with open_tcp(server.address) as client:
        await client.send(TAKEN[name])
        status, headers = parse_head(await client.read_upgrade())
        assert status == b"HTTP/1.1 101 Switching Protocols"
        assert (headers["upgrade"].lower(), headers["connection"].lower()) == ("websocket", "upgrade")
        accept = base64.b64encode(hashlib.sha1((KEY + GUID).encode()).digest()).decode()
        assert headers["sec-websocket-accept"] == accept
        # The client asked for no protocol or extension that we have.
        assert set(headers) == {"upgrade", "connection", "sec-websocket-accept"}
        assert (await client.read_payload())["op"] == 10
        await client.check_alive()


@pytest.mark.parametrize("name", REFUSED)
async def test_handshake_is_refused_with_an_http_error(server: EchoServer, name: str) -> None:
    answer = await ask(server.address, REFUSED[name])
    head, _, body = answer.partition(b"\r\n\r\n")
    status, headers = parse_head(head + b"\r\n\r\n")
    assert status.startswith(b"HTTP/1.1 4"), answer
    assert headers["connection"] == "close"
    assert int(headers["content-length"]) == len(body) or b"HEAD" in REFUSED[name]
    assert server.listener.connections == []


@pytest.mark.parametrize("name", sorted(ABOUT_VERSION))
async def test_other_version_is_told_ours(server: EchoServer, name: str) -> None:
    _, headers = parse_head((await ask(server.address, REFUSED[name])).partition(b"\r\n\r\n")[0] + b"\r\n\r\n")
    assert headers["sec-websocket-version"] == "13"


@pytest.mark.parametrize("size", [20_000, 100_000, 3_000_000])
async def test_headers_without_an_end_are_not_kept(server: EchoServer, size: int) -> None:
    """The server cuts off while the client still sends. Another client in the middle of a handshake notices nothing."""
    async with open_tcp(server.address) as other:
        await other.send(HANDSHAKE[:40])
        answer = await ask(server.address, HANDSHAKE[:-2] + b"X: " + b"x" * size)
        assert answer == b"" or answer.startswith(b"HTTP/1.1 4")
        await other.send(HANDSHAKE[40:])
        await other.read_upgrade()


async def check_upgraded(client: WebSocketClient, name: str) -> None:
    """Check the answers to a login and a heartbeat in one segment with the handshake."""
    await client.read_upgrade()
    await client.read_welcome(name)
    assert await client.read_payload() == {"t": None, "s": None, "op": 11, "d": None}


SAID = HANDSHAKE + make_login("cut") + make_client_frame(TEXT, HEARTBEAT)


@pytest.mark.parametrize("first", [0, 1, 2, 3])
async def test_handshake_cut_anywhere_is_taken_with_what_follows_it(server: EchoServer, first: int) -> None:
    for place in range(1 + first, len(SAID), 4):
        async with open_tcp(server.address) as client:
            await client.send_pieces((SAID[:place], SAID[place:]))
            await check_upgraded(client, "cut")


async def test_handshake_byte_by_byte_is_taken(server: EchoServer) -> None:
    async with open_tcp(server.address) as client:
        await client.send_pieces(SAID[index : index + 1] for index in range(len(SAID)))
        await check_upgraded(client, "cut")


async def test_handshakes_in_random_pieces_of_many_clients_do_not_mix(server: EchoServer) -> None:
    async def shake(seed: int) -> None:
        chance = random.Random(seed)
        said = HANDSHAKE + make_login(f"client {seed}") + make_client_frame(TEXT, HEARTBEAT)
        cuts = [0, *sorted(chance.sample(range(1, len(said)), 12)), len(said)]
        async with open_tcp(server.address) as client:
            await client.send_pieces(said[start:end] for start, end in itertools.pairwise(cuts))
            await check_upgraded(client, f"client {seed}")

    await asyncio.gather(*map(shake, range(150)))


async def test_handshake_in_stages_that_stall_ends_in_time(
    run_server: RunServer, hurried: None, caplog: pytest.LogCaptureFixture
) -> None:
    """The timer runs from the accepted socket on, whatever drips in. The log names clients without a whole request."""
    async with run_server() as server, asyncio.timeout(60), open_tcp(server.address) as refused:
        await refused.send(HANDSHAKE.replace(b"GET /", b"GET /nowhere/", 1))
        clients = [open_tcp(server.address) for _ in range(4)]
        silent, started, almost, dripping = [await client.__aenter__() for client in clients]
        await started.send(HANDSHAKE[:1])
        await almost.send(HANDSHAKE[:-1])
        ends = [asyncio.create_task(client.read()) for client in (silent, started, almost, dripping)]
        for index in range(len(HANDSHAKE)):
            await dripping.send(HANDSHAKE[index : index + 1])
            if (await asyncio.wait(ends, timeout=0.01))[1] == set():
                break
        assert [await end for end in ends] == [None] * 4
        for client in clients:
            await client.__aexit__(None, None, None)
    told = [record.__dict__["part"] for record in caplog.records if record.message == "slow client closed"]
    assert told == ["head"] * 4


@pytest.mark.parametrize("place", [0, 1, 20, len(HANDSHAKE) - 1])
async def test_half_closed_before_the_end_of_the_handshake_is_let_go(server: EchoServer, place: int) -> None:
    async with open_tcp(server.address) as client:
        await client.send(HANDSHAKE[:place])
        client.end_stream()
        assert await client.read_rest() == b""


async def test_health_is_answered_without_an_upgrade(server: EchoServer) -> None:
    answer = await ask(server.address, make_request("/health", {"Host": "gateway"}))
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert answer.endswith(b"\r\n\r\nok")
