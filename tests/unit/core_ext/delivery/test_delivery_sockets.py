"""Delivery past a transport, over real sockets that hold little: what leaves is exact, whoever stalls."""

import contextlib
import random
import socket
from collections.abc import Iterator
from types import ModuleType

import pytest

from tests.unit.core_ext.delivery.delivery_bench import Bench, Body, frames
from tests.unit.core_ext.twins import each

both = pytest.mark.parametrize("module", each("delivery"))


@pytest.fixture
def sockets() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Ours, which blocks nobody and holds little, and the client's."""
    server = socket.create_server(("127.0.0.1", 0))
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(server.getsockname())
    ours, _ = server.accept()
    server.close()
    ours.setblocking(False)
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    yield ours, client
    ours.close()
    client.close()


class SocketLink:
    """A transport over a socket: writes at once when it holds nothing, and holds the rest until `drain`."""

    def __init__(self, ours: socket.socket) -> None:
        self._ours = ours
        self._held = bytearray()
        self.writes = 0

    def write(self, data: bytes) -> None:
        self.writes += 1
        self._held += data
        if len(self._held) == len(data):
            self.drain()

    def drain(self) -> None:
        try:
            while self._held:
                del self._held[: self._ours.send(self._held)]
        except BlockingIOError:
            return

    def get_write_buffer_size(self) -> int:
        return len(self._held)


@both
def test_idle_socket_is_written_to_directly(module: ModuleType, sockets: tuple[socket.socket, socket.socket]) -> None:
    ours, client = sockets
    bench, link = Bench(module), SocketLink(ours)
    track = bench.make_track()
    track.attach(bench.make_outlet(link, fd=ours.fileno())[0])
    track.push(Body(b"a"))
    bench.queue.flush(1)
    assert client.recv(100) == frames((1, b"a"))
    assert link.writes == 0


@both
def test_broken_socket_is_left_to_the_link(module: ModuleType, sockets: tuple[socket.socket, socket.socket]) -> None:
    ours, _ = sockets
    bench = Bench(module)
    ours.shutdown(socket.SHUT_WR)
    track, (outlet, link) = bench.make_track(), bench.make_outlet(fd=ours.fileno())
    track.attach(outlet)
    track.push(Body(b"a"))
    bench.queue.flush(1)
    assert bytes(link.written) == frames((1, b"a"))


class Mixture:
    """Chance at work on a track, its outlet, its link and the client; what must have come, and what has."""

    def __init__(
        self, bench: Bench, link: SocketLink, client: socket.socket, *, fd: int, chance: random.Random
    ) -> None:
        self.chance, self.bench, self.link, self.client = chance, bench, link, client
        self.outlet, _ = bench.make_outlet(link, fd=fd)
        self.track = bench.make_track(max_events=chance.choice([1, 3, 50]), max_bytes=1 << 20)
        self.track.attach(self.outlet)
        self.expected, self.received = bytearray(), bytearray()
        self.steps = [self.push] * 3 + [self.write, self.flush, link.drain, self.read, self.replay]

    def push(self) -> None:
        sizes = [3, 200, 2000, 60_000, 80_000] if self.chance.random() < 0.05 else [3, 50]
        text = b"p" * self.chance.choice(sizes)
        self.expected += frames((self.track.push(Body(text)), text))

    def write(self) -> None:
        self.expected += b"unicast"
        self.outlet.write(b"unicast")

    def flush(self) -> None:
        self.bench.queue.flush(1)

    def read(self, size: int = 0) -> None:
        with contextlib.suppress(BlockingIOError):
            self.received += self.client.recv(size or self.chance.choice([10, 5000, 100_000]))

    def replay(self) -> None:
        seq = max(self.track.seq - self.chance.randrange(3), 0)
        if self.track.has_all_after(seq):
            self.expected += frames(*((number, body.text) for number, body in self.track.after(seq)))
            self.track.replay_after(seq)


@pytest.mark.parametrize("seed", range(8))
@both
def test_order_is_exact_under_any_mixture_with_a_stalling_reader(
    module: ModuleType, seed: int, sockets: tuple[socket.socket, socket.socket]
) -> None:
    ours, client = sockets
    client.setblocking(False)
    link = SocketLink(ours)
    mixture = Mixture(Bench(module), link, client, fd=ours.fileno(), chance=random.Random(seed))
    for _ in range(3000):
        mixture.chance.choice(mixture.steps)()
    mixture.outlet.close()
    while len(mixture.received) < len(mixture.expected):
        link.drain()
        mixture.read(1 << 20)
    assert mixture.received == mixture.expected
    assert link.get_write_buffer_size() == 0
