"""A Redis for simulated processes: the twins of its scripts behind links that delay, break, and lose answers.

```
 process ── RedisLink ══ there ══→ FakeRedisServer     a call is done when it arrives, in order with the others
    ↑                                   │
    └──────── answers ══ back ══════════┤
    └──────── TopicLink ══ back ════════┘ publications, in order
```

A process that dies leaves behind what is on its way: it is still done, and nobody hears of it. A server that restarts
breaks all links; the calls that were on their way are done or not, and their senders do not know.
"""

import asyncio
from collections.abc import Sequence
from functools import partial
from random import Random

from core.domain.errors import OutcomeUnknown, Unavailable
from core.redis.interfaces import Answer, Argument, Scripts, TopicListener, Topics
from tests.fakes.redis.client import TWINS
from tests.fakes.redis.server import FakeRedisServer
from tests.simulation.world.network import Direction
from tests.simulation.world.process_loop import ProcessLoop
from tests.simulation.world.world import World

_LOOK_S = 0.02
"""How often a process whose link is broken tries again."""


class RedisHost:
    """The server, its process in the world, and the links to it."""

    def __init__(self, *, world: World, server: FakeRedisServer) -> None:
        self.world = world
        self.server = server
        self.loop = world.make_loop("redis")
        self.is_up = True
        self._links: list[RedisLink] = []
        self._topics: list[TopicLink] = []

    def join(self, link: "RedisLink | TopicLink") -> None:
        """Know a link, to break it when the server goes."""
        if isinstance(link, RedisLink):
            self._links.append(link)
        else:
            self._topics.append(link)

    def stop(self) -> None:
        """Kill the server."""
        self.world.trace.note("redis", "KILLED")
        self.is_up = False
        links, self._links = self._links, []
        topics, self._topics = self._topics, []
        for link in (*links, *topics):
            link.break_off()

    def start(self) -> None:
        """Start it again, as another run."""
        self.world.trace.note("redis", "starts")
        self.server.start()
        self.is_up = True


class RedisLink(Scripts):
    """The client of one process."""

    def __init__(self, *, host: RedisHost, loop: ProcessLoop, chance: Random) -> None:
        self._host = host
        self._loop = loop
        self._chance = chance
        self._there: Direction | None = None
        self._back: Direction | None = None
        self._pending: dict[asyncio.Future[Answer], None] = {}
        self._run_id = ""
        self._connect()

    @property
    def run_id(self) -> str:
        """See `Scripts`."""
        return self._run_id

    @property
    def is_connected(self) -> bool:
        """Whether calls are sent."""
        return self._there is not None

    def _connect(self) -> None:
        if not self._host.is_up:
            self._loop.call_later(_LOOK_S, self._connect)
            return
        world = self._host.world
        self._there = Direction(loop=self._host.loop, chance=self._chance, world=world)
        self._back = Direction(loop=self._loop, chance=self._chance, world=world)
        self._run_id = self._host.server.run_id
        self._host.join(self)

    def break_off(self) -> None:
        """The server is gone. What is on its way there is lost, and so is some of what comes back."""
        there, back = self._there, self._back
        self._there = None
        if there is not None:
            there.is_cut = True
        if back is not None and self._chance.random() < 0.5:
            back.is_cut = True
        self._loop.call_later(_LOOK_S, self._lose, back)

    def _lose(self, back: Direction | None) -> None:
        if back is not None:
            back.is_cut = True
        pending, self._pending = self._pending, {}
        for answer in pending:
            if not answer.done():
                answer.set_exception(OutcomeUnknown("the connection to Redis was lost"))
        self._connect()

    async def keep_connected(self) -> None:
        """Wait until cancelled: it connects by itself."""
        await asyncio.Event().wait()

    def rewrite_file(self) -> None:
        """See `Scripts`. The server in plain Python has no file."""

    def call(self, script: str, tag: str, *args: Argument) -> "asyncio.Future[Answer]":
        """See `Scripts`."""
        answer: asyncio.Future[Answer] = self._loop.create_future()
        there, back = self._there, self._back
        if there is None or back is None:
            answer.set_exception(Unavailable("Redis is not connected"))
            return answer
        self._pending[answer] = None
        encoded = [arg if isinstance(arg, bytes) else str(arg).encode() for arg in args]
        there.send(1, partial(self._run, back, answer, script, tag, self._run_id, encoded))
        return answer

    def _run(
        self, back: Direction, answer: "asyncio.Future[Answer]", script: str, tag: str, run_id: str, args: list[bytes]
    ) -> None:
        result = TWINS[script](self._host.server, tag, run_id, args)
        back.send(1, partial(self._settle, answer, result))

    def _settle(self, answer: "asyncio.Future[Answer]", result: Answer) -> None:
        self._pending.pop(answer, None)
        if not answer.done():
            answer.set_result(result)

    def publish(self, topic: str, data: bytes) -> None:
        """See `Scripts`."""
        if self._there is not None:
            self._there.send(1, partial(self._host.server.publish, topic, data))


class TopicLink(Topics, TopicListener):
    """The reader of one process. The server tells it, and it tells the process's listener a little later."""

    def __init__(self, *, host: RedisHost, loop: ProcessLoop, chance: Random) -> None:
        self._host = host
        self._loop = loop
        self._chance = chance
        self._back: Direction | None = None
        self._there: Direction | None = None
        self._listener: TopicListener
        self._lost: asyncio.Event | None = None

    async def listen(self, topics: Sequence[str], listener: TopicListener) -> None:
        """See `Topics`."""
        names = frozenset(topic.encode() for topic in topics)
        self._listener = listener
        while True:
            if not self._host.is_up:
                await asyncio.sleep(_LOOK_S)
                continue
            self._lost = asyncio.Event()
            world = self._host.world
            self._back = Direction(loop=self._loop, chance=self._chance, world=world)
            self._there = Direction(loop=self._host.loop, chance=self._chance, world=world)
            self._host.join(self)
            self._there.send(1, partial(self._host.server.attach, names, self))
            await self._lost.wait()
            self._lost = None
            listener.on_lost()
            await asyncio.sleep(_LOOK_S)

    def stall(self, duration_s: float) -> None:
        """Let nothing come in for so long."""
        if self._back is not None:
            self._back.hold(duration_s)

    def ping(self) -> None:
        """See `Topics`."""
        if self._there is not None:
            self._there.send(1, self.on_pong)

    def reconnect(self) -> None:
        """See `Topics`."""
        self.break_off()

    def break_off(self) -> None:
        """The connection is gone."""
        for direction in (self._there, self._back):
            if direction is not None:
                direction.is_cut = True
        self._there = self._back = None
        self._host.server.detach(self)
        if self._lost is not None:
            self._loop.call_later(_LOOK_S, self._lost.set)

    # ---- told by the server

    def on_subscribed(self) -> None:
        """See `TopicListener`."""
        self._pass(self._listener.on_subscribed)

    def on_message(self, topic: bytes, data: bytes) -> None:
        """See `TopicListener`."""
        self._pass(partial(self._listener.on_message, topic, data))

    def on_pong(self) -> None:
        """See `TopicListener`."""
        self._pass(self._listener.on_pong)

    def on_lost(self) -> None:
        """See `TopicListener`."""

    def _pass(self, tell: "partial[None] | object") -> None:
        if self._back is not None:
            self._back.send(1, tell)  # type: ignore[arg-type]
