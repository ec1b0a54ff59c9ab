"""The sockets of a server, on real ones and without an event loop: what is told of them, and their ends."""

import contextlib
import errno
import gc
import os
import resource
import select
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from core_ext.sockets.websocket_c import BINARY, CLOSE, PING, PROTOCOL_ERROR, TEXT
from tests.unit.core_ext.sockets.test_websocket import make_frame
from tests.unit.core_ext.twins import each, sibling_of

kernels = pytest.mark.parametrize("kernel", each("sockets"))

REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
TIMEOUT_S = 5.0


class Owner:
    """Upgrades every request and remembers what it is told. `before[name]` is called first."""

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []
        self.before: dict[str, Callable[[Any], object]] = {}
        self.sockets: list[Any] = []
        self.intake: Any = None

    def _tell(self, name: str, sock: Any, *args: object) -> None:
        self.told.append((name, self.sockets.index(sock), *args))
        self.before.get(name, lambda _: None)(sock)

    def on_accept(self, sock: Any) -> None:
        self.sockets.append(sock)
        self.before.get("accept", lambda _: None)(sock)

    def on_accept_failed(self, error_number: int) -> None:
        self.told.append(("accept_failed", error_number))

    def on_request(self, sock: Any, request: bytes) -> None:
        self._tell("request", sock, request)
        if sock.is_open:
            sock.write(b"welcome")
            sock.upgrade(f"receiver {self.sockets.index(sock)}", self.intake)

    def on_request_too_large(self, sock: Any) -> None:
        self._tell("too_large", sock)
        sock.end(b"too large")

    def on_message(self, sock: Any, data: bytes, is_text: bool) -> None:
        self._tell("message", sock, data, is_text)

    def on_ping(self, sock: Any, data: bytes) -> None:
        self._tell("ping", sock, data)

    def on_close(self, sock: Any, data: bytes) -> None:
        self._tell("close", sock, data)
        sock.end(b"bye")

    def on_refused(self, sock: Any, refusal: int) -> None:
        self._tell("refused", sock, refusal)
        sock.end(b"refused")

    def on_blocked(self, sock: Any) -> None:
        self._tell("blocked", sock)

    def on_lost(self, sock: Any) -> None:
        self._tell("lost", sock)

    def on_fault(self, sock: Any) -> None:
        self._tell("fault", sock)


class Scene:
    """A table that listens, clients, and a clock that is moved by hand."""

    def __init__(self, kernel: Any, **limits: Any) -> None:
        self.owner = Owner()
        self.now_s = 1000.0
        self.clients: list[socket.socket] = []
        self.server = socket.create_server(("127.0.0.1", 0))
        self.server.setblocking(False)
        self.table = kernel.SocketTable(
            owner=self.owner,
            clock=lambda: self.now_s,
            **{
                "max_message_bytes": 4096,
                "max_fragments": 128,
                "max_request_bytes": 1000,
                "max_buffered_bytes": 100_000,
                "request_s": 5.0,
                "drain_s": 2.0,
                **limits,
            },
        )
        self.table.listen(self.server)

    @property
    def told(self) -> list[tuple[Any, ...]]:
        return self.owner.told

    def connect(self) -> socket.socket:
        client = socket.create_connection(self.server.getsockname())
        client.settimeout(TIMEOUT_S)
        self.clients.append(client)
        count = len(self.owner.sockets) + 1
        self.run_until(lambda: len(self.owner.sockets) == count)
        return client

    def upgrade(self) -> tuple[socket.socket, Any]:
        client = self.connect()
        client.sendall(REQUEST)
        sock = self.owner.sockets[-1]
        self.run_until(lambda: sock.receiver is not None)
        assert client.recv(100) == b"welcome"
        self.told.clear()
        return client, sock

    def run_until(self, is_done: Callable[[], bool]) -> None:
        while not is_done():
            assert select.select([self.table.fileno()], [], [], TIMEOUT_S)[0], self.told
            self.table.poll()

    def run_until_told(self, *last: object) -> list[tuple[Any, ...]]:
        self.run_until(lambda: last in self.told)
        return self.told

    def is_quiet(self) -> bool:
        """Whether the table has nothing to do."""
        return not select.select([self.table.fileno()], [], [], 0)[0]

    def settle(self) -> None:
        """Everything that is there now."""
        while not self.is_quiet():
            self.table.poll()


@pytest.fixture
def make_scene() -> Iterator[Callable[..., Scene]]:
    scenes: list[Scene] = []

    def make(kernel: Any, **limits: Any) -> Scene:
        scenes.append(Scene(kernel, **limits))
        return scenes[-1]

    yield make
    for scene in scenes:
        scene.table.close()
        scene.server.close()
        for client in scene.clients:
            client.close()


def read_all(client: socket.socket) -> bytes:
    """Everything up to the end of the server's stream."""
    pieces = []
    while piece := client.recv(65_536):
        pieces.append(piece)
    return b"".join(pieces)


def count_descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


MakeScene = Callable[..., Scene]


@kernels
def test_request_in_pieces_is_told_once_and_what_follows_is_read_as_frames(kernel: Any, make_scene: MakeScene) -> None:
    scene = make_scene(kernel)
    client = scene.connect()
    frames = make_frame(TEXT, b"one") + make_frame(BINARY, b"two")
    for piece in (REQUEST[:5], REQUEST[5:-1], REQUEST[-1:] + frames[:4]):
        client.sendall(piece)
        scene.run_until(lambda: not scene.is_quiet())
        scene.table.poll()
    client.sendall(frames[4:])
    assert scene.run_until_told("message", 0, b"two", False) == [
        ("request", 0, REQUEST),
        ("message", 0, b"one", True),
        ("message", 0, b"two", False),
    ]
    assert scene.owner.sockets[0].address == "127.0.0.1"
    assert scene.table.receivers == ["receiver 0"]


@kernels
@pytest.mark.parametrize("request_bytes", [b"x" * 1000, b"x" * 998 + b"\r\n\r\n"])
def test_too_large_a_request_is_told_and_answered(kernel: Any, make_scene: MakeScene, request_bytes: bytes) -> None:
    scene = make_scene(kernel)
    client = scene.connect()
    client.sendall(request_bytes)
    assert scene.run_until_told("too_large", 0) == [("too_large", 0)]
    assert read_all(client) == b"too large"


@kernels
def test_request_that_takes_too_long_is_dropped_and_an_upgraded_one_is_not(kernel: Any, make_scene: MakeScene) -> None:
    scene = make_scene(kernel)
    _, upgraded = scene.upgrade()
    slow = scene.connect()
    slow.sendall(b"GET")
    scene.run_until(lambda: not scene.is_quiet())
    scene.settle()
    scene.table.sweep(scene.now_s + 4.9)
    assert len(scene.table) == 2
    scene.table.sweep(scene.now_s + 5.1)
    assert scene.told == [("lost", 1)]
    assert (len(scene.table), upgraded.is_open) == (1, True)
    assert read_all(slow) == b""


@kernels
def test_ping_close_and_refusal_are_told(kernel: Any, make_scene: MakeScene) -> None:
    scene = make_scene(kernel)
    first, _ = scene.upgrade()
    second, _ = scene.upgrade()
    first.sendall(make_frame(PING, b"p") + make_frame(CLOSE, b"\x03\xe8") + make_frame(TEXT, b"after"))
    second.sendall(make_frame(PING, b"q") + make_frame(3, b"") + make_frame(TEXT, b"after"))
    scene.run_until_told("refused", 1, PROTOCOL_ERROR)
    scene.run_until_told("close", 0, b"\x03\xe8")
    assert read_all(first) == b"bye"
    first.close()
    scene.run_until_told("lost", 0)
    assert read_all(second) == b"refused"
    assert sorted(scene.told) == [
        ("close", 0, b"\x03\xe8"),
        ("lost", 0),
        ("ping", 0, b"p"),
        ("ping", 1, b"q"),
        ("refused", 1, PROTOCOL_ERROR),
    ]


@kernels
def test_close_in_the_midst_of_many_bytes_reaches_the_client(kernel: Any, make_scene: MakeScene) -> None:
    scene = make_scene(kernel)
    client, _ = scene.upgrade()
    client.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        client.sendall(make_frame(3, b"") + bytes(1_000_000))
    scene.run_until_told("refused", 0, PROTOCOL_ERROR)
    scene.settle()
    client.settimeout(TIMEOUT_S)
    assert read_all(client) == b"refused"
    client.close()
    scene.run_until_told("lost", 0)


@kernels
def test_drain_that_takes_too_long_is_ended(kernel: Any, make_scene: MakeScene) -> None:
    scene = make_scene(kernel)
    client, sock = scene.upgrade()
    sock.end(b"last")
    assert (sock.is_open, scene.table.receivers) == (False, ["receiver 0"])
    sock.write(b"never")
    sock.end(b"never")
    assert read_all(client) == b"last"
    scene.table.sweep(scene.now_s + 1.9)
    assert scene.told == []
    scene.table.sweep(scene.now_s + 2.0)
    assert scene.told == [("lost", 0)]
    assert (sock.fileno(), scene.table.receivers, len(scene.table)) == (-1, [], 0)


@kernels
def test_bytes_that_the_kernel_does_not_take_wait_and_keep_their_order(kernel: Any, make_scene: MakeScene) -> None:
    scene = make_scene(kernel)
    client, sock = scene.upgrade()
    pieces = [bytes((number,)) * 70_000 for number in range(100)]
    for piece in pieces:
        sock.write(piece)
    assert sock.get_write_buffer_size() > 0
    assert scene.told == [("blocked", 0)]
    sock.end(b"end")
    received = bytearray()
    while len(received) < 7_000_003:
        received += client.recv(1 << 20)
        scene.settle()
    assert received == b"".join(pieces) + b"end"
    assert read_all(client) == b""
    assert sock.get_write_buffer_size() == 0


@kernels
def test_client_that_ends_its_stream_first_still_gets_what_waits(kernel: Any, make_scene: MakeScene) -> None:
    scene = make_scene(kernel)
    client, sock = scene.upgrade()
    while sock.get_write_buffer_size() <= 100_000:
        sock.write(bytes(1_000_000))
    sock.end(b"end")
    client.shutdown(socket.SHUT_WR)
    scene.settle()
    assert scene.told == [("blocked", 0)]
    received = b""
    while not received.endswith(b"end"):
        received = client.recv(1 << 20)
        scene.settle()
    assert scene.told == [("blocked", 0), ("lost", 0)]


@kernels
@pytest.mark.parametrize("name", ["message", "ping", "blocked", "request", "accept"])
def test_fault_of_the_owner_is_told_and_the_next_socket_is_served(
    kernel: Any, make_scene: MakeScene, name: str
) -> None:
    def fail(sock: Any) -> None:
        scene.owner.before.pop(name)
        raise RuntimeError(name)

    scene = make_scene(kernel, max_buffered_bytes=100)
    if name in {"request", "accept"}:
        scene.owner.before[name] = fail
        client = scene.connect()
        client.sendall(REQUEST)
    else:
        client, sock = scene.upgrade()
        scene.owner.before[name] = fail
        client.sendall(make_frame(PING if name == "ping" else TEXT, b""))
        while name == "blocked" and "blocked" in scene.owner.before:
            sock.write(bytes(1_000_000))
    scene.run_until_told("fault", 0)
    other, _ = scene.upgrade()
    other.sendall(make_frame(TEXT, b"x"))
    scene.run_until_told("message", 1, b"x", True)


@kernels
def test_event_of_a_socket_that_was_lost_in_the_same_poll_is_dropped(kernel: Any, make_scene: MakeScene) -> None:
    scene = make_scene(kernel)
    pairs = [scene.upgrade() for _ in range(10)]
    for client, _ in pairs:
        client.sendall(make_frame(TEXT, b"x"))

    def abort_all(_: Any) -> None:
        for _, sock in pairs:
            sock.abort()

    scene.owner.before["message"] = abort_all
    scene.run_until(lambda: len(scene.table) == 0)
    assert [told[0] for told in scene.told].count("message") == 1
    assert [told[0] for told in scene.told].count("lost") == 10


@kernels
def test_descriptor_that_is_used_again_gets_no_event_of_before(kernel: Any, make_scene: MakeScene) -> None:
    scene = make_scene(kernel)
    victim, doomed = scene.upgrade()
    first, _ = scene.upgrade()
    descriptor = doomed.fileno()
    taken: list[int] = []

    def swap(_: Any) -> None:
        # The victim's event is in this poll's batch; its descriptor gets another owner before its turn.
        doomed.abort()
        taken.append(os.dup(first.fileno()))

    scene.owner.before["message"] = swap
    victim.sendall(make_frame(TEXT, b"of the victim"))
    first.sendall(make_frame(TEXT, b"of the first"))
    scene.run_until(lambda: bool(taken))
    scene.owner.before.clear()
    scene.settle()
    messages = [told for told in scene.told if told[0] == "message"]
    assert messages[-1] == ("message", 1, b"of the first", True)
    assert taken[0] == descriptor
    os.close(taken[0])


@kernels
def test_reset_by_the_client_is_found_by_poll_whoever_wrote(kernel: Any, make_scene: MakeScene) -> None:
    scene = make_scene(kernel)
    client, sock = scene.upgrade()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    client.close()
    for _ in range(10):
        sock.write(bytes(100_000))
    sock.end(b"end")
    assert ("lost", 0) not in scene.told
    scene.run_until_told("lost", 0)
    assert scene.told.count(("lost", 0)) == 1
    assert scene.is_quiet()


@kernels
def test_abort_from_within_a_callback_ends_the_reading(kernel: Any, make_scene: MakeScene) -> None:
    scene = make_scene(kernel)
    client, _ = scene.upgrade()
    scene.owner.before["message"] = lambda sock: sock.abort()
    client.sendall(make_frame(TEXT, b"a", is_final=False) + make_frame(0, b"b") + make_frame(TEXT, b"c") * 3)
    scene.run_until_told("lost", 0)
    assert scene.told == [("message", 0, b"ab", True), ("lost", 0)]


@kernels
def test_request_may_be_answered_or_dropped_from_within(kernel: Any, make_scene: MakeScene) -> None:
    scene = make_scene(kernel)
    for act, answer in ((lambda sock: sock.end(b"no"), b"no"), (lambda sock: sock.abort(), b"")):
        scene.owner.before["request"] = act
        scene.told.clear()
        client = scene.connect()
        client.sendall(REQUEST)
        scene.run_until(lambda: bool(scene.told) and scene.told[-1][0] in {"request", "lost"})
        with contextlib.suppress(ConnectionResetError):
            assert read_all(client) == answer


@kernels
def test_heartbeats_are_answered_by_the_intake_and_not_told(kernel: Any, make_scene: MakeScene) -> None:
    twin = sibling_of(kernel, "intake")
    scene = make_scene(kernel)
    scene.connect()
    sock = scene.owner.sockets[0]
    confirmed: list[int] = []
    outlet = SimpleNamespace(write=sock.write, confirm=confirmed.append)
    intake = twin.Intake(outlet=outlet, encoding=0, ack=b"ack", limit=2, window_s=60.0, now_s=0.0)
    scene.owner.intake = intake
    client = scene.clients[0]
    client.sendall(REQUEST)
    scene.run_until(lambda: sock.receiver is not None)
    scene.now_s += 7
    beat = b'{"op":1,"d":3}'
    client.sendall(make_frame(TEXT, beat[:5], is_final=False) + make_frame(0, beat[5:]) + make_frame(TEXT, beat) * 2)
    scene.run_until_told("message", 0, beat, True)
    client.settimeout(None)
    assert client.recv(13, socket.MSG_WAITALL) == b"welcomeackack"
    assert (intake.last_beat_s, confirmed) == (1007.0, [3])
    assert [told[0] for told in scene.told] == ["request", "message"]


@kernels
def test_no_descriptors_left_stops_accepting_until_the_next_sweep(kernel: Any, make_scene: MakeScene) -> None:
    scene = make_scene(kernel)
    client = socket.create_connection(scene.server.getsockname())
    scene.clients.append(client)
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    highest = os.dup(client.fileno())
    os.close(highest)
    resource.setrlimit(resource.RLIMIT_NOFILE, (highest, before[1]))
    try:
        scene.settle()
        assert scene.told == [("accept_failed", errno.EMFILE)]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert scene.is_quiet()
    assert scene.owner.sockets == []
    scene.table.sweep(scene.now_s)
    scene.settle()
    assert len(scene.owner.sockets) == 1


@kernels
def test_unlistened_table_serves_those_who_are_there(kernel: Any, make_scene: MakeScene) -> None:
    scene = make_scene(kernel)
    client, _ = scene.upgrade()
    scene.table.unlisten()
    scene.table.unlisten()
    scene.clients.append(socket.create_connection(scene.server.getsockname()))
    client.sendall(make_frame(TEXT, b"x"))
    scene.run_until_told("message", 0, b"x", True)
    assert len(scene.owner.sockets) == 1


@kernels
def test_close_loses_every_socket_once_and_frees_all(kernel: Any, make_scene: MakeScene) -> None:
    scene = make_scene(kernel)
    _, open_one = scene.upgrade()
    scene.connect()
    _, draining = scene.upgrade()
    draining.end(b"")
    fds = [sock.fileno() for sock in scene.owner.sockets]
    scene.table.close()
    scene.table.close()
    assert sorted(scene.told) == [("lost", 0), ("lost", 1), ("lost", 2)]
    for fd in fds:
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(fd)
    open_one.abort()
    open_one.write(b"x")
    assert len(scene.table) == 0


@kernels
def test_upgrade_is_for_requests_only(kernel: Any, make_scene: MakeScene) -> None:
    scene = make_scene(kernel)
    _, sock = scene.upgrade()
    with pytest.raises(ValueError, match="request"):
        sock.upgrade(None, None)


@kernels
def test_hundreds_of_sockets_leave_nothing_behind(kernel: Any, make_scene: MakeScene) -> None:
    scene = make_scene(kernel)
    gc.collect()
    count = count_descriptors()
    for _ in range(20):
        pairs = [scene.upgrade() for _ in range(10)]
        for number, (client, sock) in enumerate(pairs):
            client.sendall(make_frame(TEXT, b"x" * number)[: 5 + number])
            scene.settle()
            if number % 2:
                sock.end(b"end")
            client.close()
        scene.run_until(lambda: len(scene.table) == 0)
        scene.owner.sockets.clear()
        scene.clients.clear()
        scene.told.clear()
    assert count_descriptors() == count
