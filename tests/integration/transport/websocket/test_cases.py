"""Every case with its bytes cut in several ways: whole, byte by byte, at random, and in one segment with the handshake.

A connection that a case leaves open must answer a ping as if nothing had happened. A connection that it ends must send
nothing after its close frame.
"""

import random
import zlib
from collections.abc import Callable, Iterator

import msgspec
import pytest

from tests.integration.transport.websocket.closing_cases import CLOSING
from tests.integration.transport.websocket.echo_server import EchoServer
from tests.integration.transport.websocket.fragment_cases import FRAGMENTS
from tests.integration.transport.websocket.framing_cases import FRAMING
from tests.integration.transport.websocket.text_cases import TEXTS
from tests.integration.transport.websocket.wire_case import ACK, Answer, WireCase
from tests.support.gateway.client_frames import CLOSE, PING, PONG, make_client_frame
from tests.support.gateway.websocket_client import HANDSHAKE, WebSocketClient, make_login, open_tcp

CASES = [*FRAMING, *FRAGMENTS, *CLOSING, *TEXTS]
_SEEDS = 2
_BYTEWISE = 300
"""The bytes that come one by one. The rest of a longer stream comes in pieces: a megabyte of bytes would take minutes.
"""

Cut = Callable[[bytes], Iterator[bytes]]


def cut_nowhere(stream: bytes) -> Iterator[bytes]:
    """Send the bytes as one piece."""
    yield stream


def cut_everywhere(stream: bytes) -> Iterator[bytes]:
    """Send the bytes one by one."""
    for index in range(min(len(stream), _BYTEWISE)):
        yield stream[index : index + 1]
    for index in range(_BYTEWISE, len(stream), 997):
        yield stream[index : index + 997]


def cut_at_random(seed: int) -> Cut:
    """Cut the bytes into pieces of a few bytes and of many."""

    def cut(stream: bytes) -> Iterator[bytes]:
        chance = random.Random(zlib.crc32(stream) + seed)
        position = 0
        while position < len(stream):
            size = chance.choice((1, 2, 3, 5, 8, 13, 60, 126, 700, 5000))
            yield stream[position : position + size]
            position += size

    return cut


DELIVERIES: dict[str, Cut] = {
    "whole": cut_nowhere,
    "bytewise": cut_everywhere,
    **{f"random{seed}": cut_at_random(seed) for seed in range(_SEEDS)},
}
deliveries = pytest.mark.parametrize("delivery", DELIVERIES)
groups = pytest.mark.parametrize("group", [pytest.param(CASES[start::8], id=f"{start}") for start in range(8)])

SIGN = b"after the case"
AFTER = make_client_frame(PING, SIGN)

LOOKING_AHEAD = {"picows"}
"""Transports that read one frame ahead. They lose the frame before a broken one when both came in one read."""


class Closed(msgspec.Struct, frozen=True):
    """The end of a transcript, after which nothing came."""

    code: int | None


Transcript = list[Answer | Closed | None]
"""A transcript. None is the answer to the login."""


async def read_transcript(client: WebSocketClient, name: str) -> Transcript:
    """Read the transcript, up to the sign or the end."""
    found: Transcript = []
    while found[-1:] != [SIGN]:
        received = await client.read()
        if received is None or received[0] == CLOSE:
            assert received is None or await client.read() is None, "something follows the close frame"
            return [*found, Closed(received and received[1][0])]
        if received[0] == PONG:
            found.append(received[1])
            continue
        payload = client.decode(received)
        if payload["op"] == ACK:
            found.append(ACK)
            continue
        assert payload["d"]["name"] == name
        found.append(payload["d"]["text"])
    return found


def find_expected(case: WireCase, transport: str, *, before: Transcript) -> list[Transcript]:
    """Return the correct transcripts."""
    if case.close is None:
        return [[*before, *case.answers, SIGN]]
    answers: Transcript = [*before, *case.answers]
    expected: list[Transcript] = [[*answers, Closed(case.close)]]
    if transport in LOOKING_AHEAD and case.is_fault:
        expected.append([*answers[:-1], Closed(case.close)])
    return expected


def test_cases_have_names_of_their_own() -> None:
    assert len({case.name for case in CASES}) == len(CASES)


@pytest.mark.parametrize("delivery", DELIVERIES)
@groups
async def test_stream_after_login_is_answered_by_the_rfc(
    server: EchoServer, transport: str, delivery: str, group: list[WireCase]
) -> None:
    for index, case in enumerate(group):
        name = f"client {index}"
        async with open_tcp(server.address) as client:
            await client.log_in(name)
            await client.send_pieces(DELIVERIES[delivery](case.stream + AFTER))
            assert await read_transcript(client, name) in find_expected(case, transport, before=[]), case.name


@groups
async def test_stream_in_one_segment_with_the_handshake_is_answered_alike(
    server: EchoServer, transport: str, group: list[WireCase]
) -> None:
    for case in group:
        async with open_tcp(server.address) as client:
            await client.send(HANDSHAKE + make_login("early") + case.stream + AFTER)
            await client.read_upgrade()
            assert (await client.read_payload())["op"] == 10
            assert await read_transcript(client, "early") in find_expected(case, transport, before=[None]), case.name
