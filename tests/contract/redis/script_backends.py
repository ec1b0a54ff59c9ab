"""The two places where the scripts run: a real Redis, and the twins in plain Python.

Both are driven with the run id as an argument, so that a restart is another run id, and with a clock of the test's own:
on the real server `advance` shortens the lives of all keys.
"""

from collections.abc import Mapping
from typing import Any, Protocol

import redis

from core.redis.interfaces import Argument, TopicListener
from core.redis.keys import MAP_TOPIC, VOICE_TOPIC, topic_of
from core.redis.scripts import load_scripts
from tests.fakes.clock import FakeClock
from tests.fakes.redis.client import TWINS
from tests.fakes.redis.server import FakeRedisServer

NUM_SHARDS = 3
_DATABASE = 1
"""A database that other tests of the same server do not use."""
TOPICS = [MAP_TOPIC, VOICE_TOPIC, *(topic_of(shard) for shard in range(NUM_SHARDS))]


class ScriptBackend(Protocol):
    """Where scripts run."""

    def run(self, script: str, tag: str, run: str, *args: Argument) -> Any: ...

    def advance(self, seconds: float) -> None:
        """Let time pass for all keys."""

    def take_published(self) -> list[tuple[bytes, bytes]]:
        """Return topic and data of what was published since the last time."""

    def lose_opening(self, tag: str, opened: bytes) -> None:
        """Forget the record of an opening, and leave its place at the door."""

    def clear(self) -> None:
        """Begin without any key."""

    def close(self) -> None: ...


class RealScripts:
    """The scripts on a server."""

    def __init__(self, port: int) -> None:
        self._client: Any = redis.Redis(port=port, db=_DATABASE)
        self._scripts: Mapping[str, Any] = {
            name: self._client.register_script(script.source) for name, script in load_scripts().items()
        }
        self._reader: Any = self._client.pubsub(ignore_subscribe_messages=True)
        self._reader.subscribe(*TOPICS)
        self.take_published()

    def run(self, script: str, tag: str, run: str, *args: Argument) -> Any:
        return self._scripts[script](keys=[tag], args=[run, *args])

    def advance(self, seconds: float) -> None:
        """Let time pass for all keys."""
        for key in self._client.keys("*"):
            left_ms = self._client.pttl(key)
            if left_ms > round(seconds * 1000):
                self._client.pexpire(key, left_ms - round(seconds * 1000))
            elif left_ms >= 0:
                self._client.delete(key)

    def take_published(self) -> list[tuple[bytes, bytes]]:
        """Return topic and data of what was published since the last time."""
        # What was published before a PING is in the connection before its answer.
        self._reader.ping("end")
        published = []
        while True:
            message = self._reader.get_message(ignore_subscribe_messages=True, timeout=5)
            if message is None:
                continue
            if message["type"] == "pong":
                return published
            published.append((message["channel"], message["data"]))

    def lose_opening(self, tag: str, opened: bytes) -> None:
        """Forget the record of an opening, and leave its place at the door."""
        self._client.hdel(f"open{tag}", opened)

    def clear(self) -> None:
        self._client.flushdb()
        self.take_published()

    def close(self) -> None:
        self._reader.close()
        self._client.close()


class _Published(TopicListener):
    """Keeps what is published."""

    def __init__(self) -> None:
        self.messages: list[tuple[bytes, bytes]] = []

    def on_subscribed(self) -> None: ...

    def on_message(self, topic: bytes, data: bytes) -> None:
        self.messages.append((topic, data))

    def on_pong(self) -> None: ...

    def on_lost(self) -> None: ...


class TwinScripts:
    """The twins."""

    def __init__(self) -> None:
        self.clear()

    def run(self, script: str, tag: str, run: str, *args: Argument) -> Any:
        encoded = [arg if isinstance(arg, bytes) else str(arg).encode() for arg in args]
        return TWINS[script](self._server, tag, run, encoded)

    def advance(self, seconds: float) -> None:
        """Let time pass for all keys."""
        self._clock.advance(seconds)

    def take_published(self) -> list[tuple[bytes, bytes]]:
        """Return topic and data of what was published since the last time."""
        messages, self._published.messages = self._published.messages, []
        return messages

    def lose_opening(self, tag: str, opened: bytes) -> None:
        """Forget the record of an opening, and leave its place at the door."""
        del self._server.data.shards[tag].open[int.from_bytes(opened, "big")]

    def clear(self) -> None:
        self._clock = FakeClock()
        self._server = FakeRedisServer(self._clock)
        self._published = _Published()
        self._server.attach(frozenset(topic.encode() for topic in TOPICS), self._published)

    def close(self) -> None: ...
