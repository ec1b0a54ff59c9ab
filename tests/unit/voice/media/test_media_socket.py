"""The node's UDP socket: it is looked at whenever it is readable, and between the steps of what holds the loop."""

import asyncio
import socket
from collections.abc import Iterator

import pytest

from core.runtime.sockets import bind_datagram_socket
from voice.media.media_socket import MediaSocket
from voice.media.peer import Address
from voice.media.tally import Tally


@pytest.fixture
def client() -> Iterator[socket.socket]:
    with bind_datagram_socket("127.0.0.1", 0) as sock:
        yield sock


@pytest.fixture
def media() -> Iterator[tuple[MediaSocket, Address]]:
    with bind_datagram_socket("127.0.0.1", 0) as sock:
        yield MediaSocket(sock=sock, tally=Tally()), sock.getsockname()


async def test_look_hands_over_what_waits_while_the_loop_is_held(
    media: tuple[MediaSocket, Address], client: socket.socket
) -> None:
    node, address = media
    taken: list[bytes] = []
    node.start(lambda datagram, _: taken.append(datagram))
    client.sendto(b"one", address)
    client.sendto(b"two", address)
    node.look()  # the loop has had no turn
    assert taken == [b"one", b"two"]
    node.look()
    assert taken == [b"one", b"two"]
    node.stop()


async def test_look_answers_at_once(media: tuple[MediaSocket, Address], client: socket.socket) -> None:
    node, address = media
    node.start(node.departures.put)
    client.sendto(b"echo", address)
    node.look()
    assert client.recv(100) == b"echo"
    node.stop()


async def test_datagrams_of_every_thirty_second_read_are_measured(client: socket.socket) -> None:
    tally = Tally()
    with bind_datagram_socket("127.0.0.1", 0) as sock:
        node = MediaSocket(sock=sock, tally=tally)
        for _ in range(70):
            for _ in range(3):
                client.sendto(b"x", sock.getsockname())
            assert node.read(lambda *_: None) == 3
    told = tally.read()
    assert told.measured == 6
    assert told.measured_s > 0


async def test_nothing_is_handed_over_before_the_start_and_after_the_end(
    media: tuple[MediaSocket, Address], client: socket.socket
) -> None:
    node, address = media
    taken: list[bytes] = []
    client.sendto(b"early", address)
    node.look()
    assert taken == []
    node.start(lambda datagram, _: taken.append(datagram))
    node.stop()
    node.look()
    await asyncio.sleep(0)
    assert taken == []
