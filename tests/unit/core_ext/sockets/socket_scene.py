"""A table of sockets that listens, its owner, its clients, and a clock that is moved by hand."""

import select
import socket
from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.core_ext.twins import each

kernels = pytest.mark.parametrize("kernel", each("sockets"))
"""Runs a test on the model and on the compiled kernel."""

REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
TIMEOUT_S = 60.0


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


class ListeningTable:
    """A table of sockets that listens, with clients and a clock that the test moves."""

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


def read_all(client: socket.socket) -> bytes:
    """Everything up to the end of the server's stream."""
    pieces = []
    while piece := client.recv(65_536):
        pieces.append(piece)
    return b"".join(pieces)


MakeScene = Callable[..., ListeningTable]
