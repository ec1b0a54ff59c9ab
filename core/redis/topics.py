"""The reader of topics: one connection that listens, for everything that a process hears from the others.

Redis keeps nothing for a listener, so what is published while the connection is lost does not arrive. The listener is
told of each loss and of each new beginning, and finds what it has missed in the logs (`core.bus.redis`). Redis also
drops a listener that reads too slowly (`client-output-buffer-limit pubsub`), which looks the same.
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

from hiredis import ReplyError
from typing_extensions import override

from core.domain.errors import Unavailable
from core.redis.address import RedisAddress
from core.redis.backoff import Backoff
from core.redis.connection import Connection, pack
from core.redis.greeting import greet
from core.redis.interfaces import TopicListener, Topics

logger = logging.getLogger(__name__)

_PING = pack(("PING",))


class TopicReader(Topics):
    """Listens on one server to topics that are named at the beginning."""

    __slots__ = ("_address", "_backoff", "_connection", "_left", "_listener", "_lost", "_timeout_s")

    def __init__(self, *, address: RedisAddress, backoff: Backoff, connect_timeout_s: float = 2.0) -> None:
        self._address = address
        self._backoff = backoff
        self._timeout_s = connect_timeout_s
        self._connection: Connection | None = None
        self._listener: TopicListener
        self._left = 0
        """The number of topics that the server has not confirmed yet."""
        self._lost = asyncio.Event()

    @override
    def ping(self) -> None:
        if self._connection is not None:
            self._connection.write(_PING)

    @override
    def reconnect(self) -> None:
        if self._connection is not None:
            self._connection.abort()

    @override
    async def listen(self, topics: Sequence[str], listener: TopicListener) -> None:
        self._listener = listener
        command = pack(("SUBSCRIBE", *topics))
        try:
            while True:
                self._lost.clear()
                try:
                    greeted = await greet(self._address, (), timeout_s=self._timeout_s)
                    greeted.connection.hand_over(answer=self._on_answer, lost=self._on_lost)
                except (OSError, TimeoutError, Unavailable) as error:
                    logger.warning("cannot listen to Redis", extra={"server": self._address.url, "reason": str(error)})
                    await asyncio.sleep(self._backoff.next_s())
                    continue
                self._connection = greeted.connection
                self._left = len(topics)
                self._connection.write(command)
                self._backoff.reset()
                await self._lost.wait()
        finally:
            self.reconnect()

    def _on_answer(self, answer: Any) -> None:
        listener = self._listener
        if isinstance(answer, ReplyError):
            logger.error("Redis refuses a listener", extra={"server": self._address.url, "reason": str(answer)})
            self.reconnect()
            return
        kind = answer[0]
        if kind == b"message":
            listener.on_message(answer[1], answer[2])
        elif kind == b"pong":
            listener.on_pong()
        elif kind == b"subscribe":
            self._left -= 1
            if self._left == 0:
                listener.on_subscribed()

    def _on_lost(self) -> None:
        was_subscribed = self._connection is not None and self._left == 0
        self._connection = None
        self._lost.set()
        if was_subscribed:
            self._listener.on_lost()
