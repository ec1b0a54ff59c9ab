"""The protocols of `core.redis.interfaces` on the Redis in plain Python."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence

from core.domain.errors import OutcomeUnknown, Unavailable
from core.redis.interfaces import Answer, Argument, Plain, Scripts, TopicListener, Topics
from tests.fakes.redis import door_scripts, limit_scripts, log_scripts, map_scripts, voice_scripts
from tests.fakes.redis.server import FakeRedisServer

Twin = Callable[[FakeRedisServer, str, str, list[bytes]], Answer]

TWINS: Mapping[str, Twin] = {
    twin.__name__: twin
    for twin in (
        door_scripts.door_abort,
        door_scripts.door_close,
        door_scripts.door_confirm,
        door_scripts.door_leave,
        door_scripts.door_disown,
        door_scripts.door_open,
        door_scripts.door_orphans,
        door_scripts.door_turn,
        door_scripts.nonces_restore,
        limit_scripts.gate,
        limit_scripts.job_look,
        limit_scripts.job_release,
        limit_scripts.job_take,
        limit_scripts.limit_give_back,
        limit_scripts.limit_look,
        limit_scripts.limit_take,
        limit_scripts.live,
        log_scripts.log_append,
        log_scripts.log_tell_again,
        log_scripts.log_counters,
        log_scripts.log_heads,
        log_scripts.log_open,
        log_scripts.log_read,
        log_scripts.log_relay,
        log_scripts.log_repair,
        log_scripts.log_trim,
        map_scripts.map_change,
        map_scripts.map_head,
        map_scripts.map_moved,
        map_scripts.map_read,
        map_scripts.worker_lease,
        map_scripts.worker_leave,
        map_scripts.worker_list,
        voice_scripts.node_lease,
        voice_scripts.node_leave,
        voice_scripts.node_list,
    )
}


class FakeRedis(Scripts, Plain):
    """A client. Each call runs at once and is answered in the next turn of the loop."""

    def __init__(self, server: FakeRedisServer) -> None:
        self._server = server
        self._run_id = server.run_id
        self.lose_answers_of: set[str] = set()
        """Scripts whose next call runs, and whose answer is lost with the connection."""
        self.calls: list[str] = []
        """The names of the scripts that were called."""

    @property
    def run_id(self) -> str:
        if self._server.is_up:
            self._run_id = self._server.run_id
        return self._run_id

    def call(self, script: str, tag: str, *args: Argument) -> "asyncio.Future[Answer]":
        loop = asyncio.get_running_loop()
        answer = loop.create_future()
        self.calls.append(script)
        if not self._server.is_up:
            answer.set_exception(Unavailable("Redis is not connected"))
            return answer
        result = self.run(script, tag, *args)
        if script in self.lose_answers_of:
            self.lose_answers_of.remove(script)
            answer.set_exception(OutcomeUnknown("the connection to Redis was lost"))
        else:
            loop.call_soon(lambda: None if answer.done() else answer.set_result(result))
        return answer

    def run(self, script: str, tag: str, *args: Argument) -> Answer:
        """Run a script now."""
        return TWINS[script](self._server, tag, self.run_id, [_encode(arg) for arg in args])

    def publish(self, topic: str, data: bytes) -> None:
        if self._server.is_up:
            self._server.publish(topic, data)

    def rewrite_file(self) -> None:
        """The server in plain Python has no file."""

    async def read_many(self, keys: Sequence[str]) -> list[bytes | None]:
        found = [self._server.data.expiring.find(key) for key in keys]
        return [value if isinstance(value, bytes) else None for value in found]

    async def write_for(self, values: Mapping[str, str], life_s: float, gone: Collection[str] = ()) -> None:
        kept = self._server.data.expiring
        for key, value in values.items():
            kept.put(key, value.encode(), life_s * 1000)
        for key in gone:
            kept.remove(key)


class _Queue(TopicListener):
    """Hands on what it hears in the next turn of the loop, in order, as a socket does."""

    def __init__(self, listener: TopicListener) -> None:
        self._listener = listener
        self._loop = asyncio.get_running_loop()
        self.lost = asyncio.Event()

    def on_subscribed(self) -> None:
        self._loop.call_soon(self._listener.on_subscribed)

    def on_message(self, topic: bytes, data: bytes) -> None:
        self._loop.call_soon(self._listener.on_message, topic, data)

    def on_pong(self) -> None:
        self._loop.call_soon(self._listener.on_pong)

    def on_lost(self) -> None:
        self.lost.set()
        self._loop.call_soon(self._listener.on_lost)


class FakeTopics(Topics):
    """A reader of topics."""

    def __init__(self, server: FakeRedisServer) -> None:
        self._server = server
        self._queue: _Queue | None = None
        self.is_deaf = False
        """Whether the server does not answer pings, as one that is stopped."""

    async def listen(self, topics: Sequence[str], listener: TopicListener) -> None:
        names = frozenset(topic.encode() for topic in topics)
        while True:
            await self._server.up.wait()
            queue = self._queue = _Queue(listener)
            self._server.attach(names, queue)
            try:
                await queue.lost.wait()
            finally:
                self._server.detach(queue)

    def ping(self) -> None:
        if self._queue is not None and self._server.is_up and not self.is_deaf:
            self._queue.on_pong()

    def reconnect(self) -> None:
        """Lose the connection."""
        if self._queue is not None and not self._queue.lost.is_set():
            self._server.detach(self._queue)
            self._queue.on_lost()


def _encode(argument: Argument) -> bytes:
    if isinstance(argument, bytes):
        return argument
    return str(argument).encode()
