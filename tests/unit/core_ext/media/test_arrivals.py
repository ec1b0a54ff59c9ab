"""Datagrams that wait at a socket: all of them, in order, as they were sent."""

import select
import socket
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

from tests.unit.core_ext.twins import each

WAIT_S = 60.0
pytestmark = pytest.mark.parametrize("module", each("arrivals"))


@pytest.fixture(params=[(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")], ids=["IPv4", "IPv6"])
def pair(request: pytest.FixtureRequest) -> Iterator[tuple[socket.socket, socket.socket]]:
    """A socket that reads, and one that is connected to it."""
    family, host = request.param
    with socket.socket(family, socket.SOCK_DGRAM) as reads, socket.socket(family, socket.SOCK_DGRAM) as sends:
        try:
            reads.bind((host, 0))
        except OSError:
            pytest.skip("this machine has no IPv6")
        reads.settimeout(0)
        sends.connect(reads.getsockname())
        yield reads, sends


def read_all(arrivals: Any, sock: socket.socket, count: int) -> list[list[tuple[bytes, Any]]]:
    """Read until so many datagrams have come; return what each read gave."""
    reads: list[list[tuple[bytes, Any]]] = []
    while sum(map(len, reads)) < count:
        assert select.select([sock], [], [], WAIT_S)[0]
        reads.append(arrivals.read())
    return reads


def test_read_returns_what_has_come_and_its_address(
    module: ModuleType, pair: tuple[socket.socket, socket.socket]
) -> None:
    reads, sends = pair
    sent = [b"", b"\0", b"packet", bytes(range(256)) * 5]
    for datagram in sent:
        sends.send(datagram)
    arrivals = module.Arrivals(reads)
    taken = [each for read in read_all(arrivals, reads, len(sent)) for each in read]
    assert taken == [(datagram, sends.getsockname()) for datagram in sent]
    assert arrivals.read() == []


def test_read_takes_a_batch_and_leaves_the_rest(module: ModuleType, pair: tuple[socket.socket, socket.socket]) -> None:
    reads, sends = pair
    for number in range(module.BATCH + 3):
        sends.send(bytes([number]))
    arrivals = module.Arrivals(reads)
    taken = read_all(arrivals, reads, module.BATCH + 3)
    assert max(map(len, taken)) <= module.BATCH
    assert [datagram for read in taken for datagram, _ in read] == [bytes([each]) for each in range(module.BATCH + 3)]


def test_long_datagram_is_cut_and_harms_no_other(module: ModuleType, pair: tuple[socket.socket, socket.socket]) -> None:
    reads, sends = pair
    for datagram in (b"a" * (module.LONGEST_BYTES + 1), b"b" * module.LONGEST_BYTES, b"c"):
        sends.send(datagram)
    taken = [datagram for read in read_all(module.Arrivals(reads), reads, 3) for datagram, _ in read]
    assert taken == [b"a" * module.LONGEST_BYTES, b"b" * module.LONGEST_BYTES, b"c"]


def test_closed_socket_gives_nothing(module: ModuleType, pair: tuple[socket.socket, socket.socket]) -> None:
    reads, _ = pair
    arrivals = module.Arrivals(reads)
    reads.close()
    assert arrivals.read() == []
