"""Redis as the rooms above see it: scripts that run as one step, topics, and a few plain reads and writes.

What must happen as one step is a Lua script of `core/redis/scripts`, and is called by its name. The real server stands
behind `RedisClient`, `TopicReader` and `PlainCommands`; plain Python twins of the scripts stand behind the same
protocols in tests, and one suite holds the two to the same answers.

Every script gets the run id of the server as its first argument, from the client that sends it. By that a script knows
a caller from before a restart, and a log that has not been compared since (`core.bus.log_keeper`).
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol

Argument = bytes | str | int
Answer = Any
"""An int, bytes, None, or a list of these, as the header of the script says."""


class Scripts(Protocol):
    """The calls of scripts."""

    @property
    def run_id(self) -> str:
        """The run id of the server that was connected last, "" before the first time."""

    def call(self, script: str, tag: str, *args: Argument) -> "asyncio.Future[Answer]":
        """Run a script by its name; calls run in the order in which they are made.

        `tag` is the hash tag that all keys of the call end with (`core.redis.keys`).

        Raises:
            Unavailable: nothing was sent, or the server has refused to run scripts.
            OutcomeUnknown: the connection was lost before the answer came.
            ScriptFailed: the script has a fault.
        """

    def publish(self, topic: str, data: bytes) -> None:
        """Send to all who listen to the topic, in order with the calls. Lost while there is no connection."""

    def rewrite_file(self) -> None:
        """Have the server write its append-only file anew, from what it has in memory, beside its work.

        Lost while there is no connection. A server that refuses is told in the program's log.
        """


class TopicListener(Protocol):
    """The receiver of what a reader hears. All methods run on the event loop and must be quick."""

    def on_subscribed(self) -> None:
        """From now on everything that is published arrives. Called again after each loss of the connection."""

    def on_message(self, topic: bytes, data: bytes) -> None:
        """Something was published."""

    def on_pong(self) -> None:
        """Everything that was published before a `ping` has arrived."""

    def on_lost(self) -> None:
        """The connection is lost; what is published now does not arrive."""


class Topics(Protocol):
    """The one connection of a process that listens."""

    async def listen(self, topics: Sequence[str], listener: TopicListener) -> None:
        """Listen, and connect again when the connection is lost, until cancelled."""

    def ping(self) -> None:
        """Ask for an `on_pong`; nothing happens while there is no connection."""

    def reconnect(self) -> None:
        """End a connection that has gone silent; `listen` makes another one."""


class Plain(Protocol):
    """Plain commands, for what is written in batches and read now and then. All raise Unavailable."""

    async def read_many(self, keys: Sequence[str]) -> list[bytes | None]:
        """Return the values of these keys, None for those that are not there."""

    async def write_for(self, values: Mapping[str, str], life_s: float, gone: Collection[str] = ()) -> None:
        """Set keys for a time, and remove others, as one step."""


class ScriptFailed(Exception):
    """A script has ended with an error, which is a fault in it or in its arguments."""
