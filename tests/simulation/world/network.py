"""The network between clients and servers: bytes arrive late but in order, ends hear of a lost peer late or never.

```
 client ── WebSocketClient ══ Wire ══ ServerSocket ── Connection     a gateway connection
 client ── call ─────────────────────────────────────  ASGI          a request, whose answer may be lost
```

A wire's direction never reorders. What was written before an end may still arrive, or a part of it, from the front. A
process that is killed loses its sockets: the other ends hear of it a little later.
"""

import asyncio
from collections.abc import Callable
from random import Random
from typing import Any, Final

import msgspec

from tests.simulation.world.process_loop import LoopState, ProcessLoop
from tests.simulation.world.world import World

_WAY_S: Final = (0.0005, 0.02)
"""The least and the most time of a way."""
_SLOW_SHARE: Final = 0.01
_SLOW_S: Final = 0.8
"""A packet that had to be sent again."""


class Direction:
    """One direction of a connection, to one process."""

    def __init__(self, *, loop: ProcessLoop, chance: Random, world: World) -> None:
        self._loop = loop
        self._chance = chance
        self._world = world
        self._last_s = 0.0
        self.is_cut = False
        self.under_way = 0
        """The bytes that have not arrived."""

    def send(self, size: int, arrive: Callable[[], None]) -> None:
        """Have `arrive` called in the receiver's process, after all that was sent before."""
        if self.is_cut:
            return
        self.under_way += size
        self._last_s = max(self._last_s, self._world.now_s + way_s(self._chance))
        self._loop.call_at(self._last_s, self._arrive, size, arrive)

    def hold(self, duration_s: float) -> None:
        """Have all that is sent from now on arrive after so long."""
        self._last_s = max(self._last_s, self._world.now_s + duration_s)

    def _arrive(self, size: int, arrive: Callable[[], None]) -> None:
        self.under_way -= size
        if not self.is_cut:
            arrive()


def way_s(chance: Random) -> float:
    """Return how long a packet takes."""
    if chance.random() < _SLOW_SHARE:
        return chance.uniform(*_WAY_S) + chance.random() * _SLOW_S
    return chance.uniform(*_WAY_S)


class ConnectionLost(Exception):
    """The peer is gone, or does not answer: nobody knows whether it has done what it was asked for."""


class Answer(msgspec.Struct, frozen=True):
    """The answer to a request."""

    status: int
    body: bytes

    @property
    def is_good(self) -> bool:
        """Whether it is 2xx."""
        return 200 <= self.status < 300

    def json(self) -> Any:
        """Return the body, decoded."""
        return msgspec.json.decode(self.body) if self.body else None


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """A request of the REST API, below /api/v10."""

    method: str
    path: str
    body: Any = None
    token: str = ""
    address: str = "203.0.113.1"

    def scope(self) -> dict[str, Any]:
        """Return its ASGI scope."""
        path, _, query = self.path.partition("?")
        headers = [(b"authorization", self.token.encode())] if self.token else []
        if self.body is not None:
            headers.append((b"content-type", b"application/json"))
        full = f"/api/v10{path}"
        return {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": self.method,
            "scheme": "http",
            "path": full,
            "raw_path": full.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": headers,
            "client": (self.address, 5000),
            "server": ("guildway", 80),
            "extensions": {},
        }


class HttpPort:
    """A server's address for requests. The process behind it comes and goes."""

    def __init__(self, *, world: World, chance: Random) -> None:

        self._world = world
        self._chance = chance
        self.lost_share = 0.0
        """The share of answers that never arrive."""
        self.on_answer: Callable[[], None] = lambda: None
        """Called when an answer has left the server."""
        self._loop: ProcessLoop | None = None
        self._application: Any = None
        self._waiting: dict[asyncio.Future[Answer], ProcessLoop] = {}

    def open(self, loop: ProcessLoop, application: Any) -> None:
        """Let a process answer."""
        self._loop, self._application = loop, application

    def close(self) -> None:
        """The process is gone, and with it the answers that it owes."""
        self._loop = self._application = None
        waiting, self._waiting = self._waiting, {}
        for answered, client in waiting.items():
            client.call_later(way_s(self._chance), _fail, answered)

    async def call(self, request: Request, *, timeout_s: float) -> Answer:
        """Send a request. Raises ConnectionLost when no answer comes."""
        client = asyncio.get_running_loop()
        assert isinstance(client, ProcessLoop)
        answered: asyncio.Future[Answer] = client.create_future()
        client.call_later(way_s(self._chance), self._arrive, request, client, answered)
        try:
            return await asyncio.wait_for(answered, timeout_s)
        except TimeoutError:
            raise ConnectionLost from None

    def _arrive(self, request: Request, client: ProcessLoop, answered: asyncio.Future[Answer]) -> None:
        server = self._loop
        if server is None:
            client.call_later(way_s(self._chance), _fail, answered)
            return
        self._waiting[answered] = client
        server.call_soon(self._begin, server, request, client, answered)

    def _begin(
        self, server: ProcessLoop, request: Request, client: ProcessLoop, answered: asyncio.Future[Answer]
    ) -> None:
        server.create_task(self._run(request, client, answered))

    async def _run(self, request: Request, client: ProcessLoop, answered: asyncio.Future[Answer]) -> None:
        body = b"" if request.body is None else msgspec.json.encode(request.body)
        parts: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            parts.append(message)

        await self._application(request.scope(), receive, send)
        answer = Answer(parts[0]["status"], b"".join(part.get("body", b"") for part in parts[1:]))
        self._waiting.pop(answered, None)
        if self._chance.random() < self.lost_share:
            client.call_later(way_s(self._chance) * 10, _fail, answered)
        else:
            client.call_later(way_s(self._chance), _answer, answered, answer)
        self.on_answer()


def _answer(answered: asyncio.Future[Answer], answer: Answer) -> None:
    if not answered.done():
        answered.set_result(answer)


def _fail(answered: asyncio.Future[Answer]) -> None:
    if not answered.done():
        answered.set_exception(ConnectionLost())


def is_alive(loop: ProcessLoop | None) -> bool:
    """Whether the process is there, paused or not."""
    return loop is not None and loop.state is not LoopState.KILLED
