"""The fallback carrier: messages are published in Redis, each worker listening to the topic of its own life.

A datagram names its wire and who it is from. A wire is a random number of the side that dials, so that what is left of
an earlier wire is known. Redis loses what is published while one of the two is not connected, and says nothing of it.
The numbers in the messages show such a gap, and the link gives the wire up and dials another one.

The listener is a connection of its own beside that of the bus, so that neither delays the other, and Redis drops only
this one when it reads too slowly. The window of a wire keeps what is on its way far below that bound.

```
 mark (1) ─ wire (8) ─ length of the sender's name (1) ─ the sender's name ─ message
```
"""

import logging
from collections.abc import Callable
from typing import Final

from typing_extensions import override

from core.links.interfaces import PeerAddress
from core.links.wires import Carrier, Wire, WireReceiver
from core.redis.interfaces import TopicListener, Topics
from core.redis.keys import topic_of_worker

logger = logging.getLogger(__name__)

REDIS: Final = "redis"

_FROM_DIALLER: Final = 1
_FROM_ANSWERER: Final = 2
_OPENING: Final = 5
"""The first datagram of a wire, from its dialler. No other one begins a wire: it may be left of one that is over."""
_END_OF_DIALLER: Final = 3
"""The dialler has given its wire up."""
_END_OF_ANSWERER: Final = 4
"""The answerer has given the wire up, or does not know it."""
_NUMBER_BYTES: Final = 8
_HEAD_BYTES: Final = 1 + _NUMBER_BYTES + 1
_WINDOW_BYTES: Final = 1024 * 1024
"""An eighth of what Redis keeps for a slow listener (client-output-buffer-limit pubsub, 8 MB). Others send, too."""


class RedisWire(Wire):
    """One end of a wire through Redis."""

    __slots__ = ("_carrier", "_head", "_is_gone", "_mark", "_receiver", "_topic", "is_dialler", "key")

    def __init__(self, *, carrier: "RedisCarrier", own: str, peer: str, number: bytes, is_dialler: bool) -> None:
        self.key = (peer, number, is_dialler)
        self.is_dialler = is_dialler
        self._mark = _OPENING if is_dialler else _FROM_ANSWERER
        self._carrier = carrier
        self._topic = topic_of_worker(peer)
        self._head = number + bytes((len(own.encode()),)) + own.encode()
        self._is_gone = False
        self._receiver: WireReceiver

    @property
    @override
    def carrier(self) -> str:
        return REDIS

    @property
    @override
    def window_bytes(self) -> int:
        return _WINDOW_BYTES

    @property
    @override
    def is_ready(self) -> bool:
        return True

    @override
    def send(self, message: bytes) -> None:
        if not self._is_gone:
            mark, self._mark = self._mark, _FROM_DIALLER if self.is_dialler else _FROM_ANSWERER
            self._publish(mark, message)

    @override
    def hand_over(self, receiver: WireReceiver) -> None:
        self._receiver = receiver

    @override
    def close(self) -> None:
        if not self._is_gone:
            self._publish(_END_OF_DIALLER if self.is_dialler else _END_OF_ANSWERER, b"")
            self._go()

    def on_message(self, message: bytes) -> None:
        """Take a message of the other end."""
        self._receiver.on_message(message)

    def lose(self) -> None:
        """Take note that the wire is gone."""
        if not self._is_gone:
            self._go()
            self._receiver.on_lost()

    def _go(self) -> None:
        self._is_gone = True
        self._carrier.forget(self)

    def _publish(self, mark: int, message: bytes) -> None:
        self._carrier.publish(self._topic, bytes((mark,)) + self._head + message)


class RedisCarrier(Carrier, TopicListener):
    """Wires through one Redis."""

    __slots__ = ("_accept", "_is_listening", "_own", "_token_bytes", "_topics", "_wires", "publish")

    def __init__(
        self,
        *,
        incarnation: str,
        publish: Callable[[str, bytes], None],
        topics: Topics,
        token_bytes: Callable[[int], bytes],
    ) -> None:
        """`publish` is that of `Scripts`; `topics` listens for these links alone."""
        self._own = incarnation
        self.publish = publish
        self._topics = topics
        self._token_bytes = token_bytes
        self._accept: Callable[[Wire], WireReceiver]
        self._is_listening = False
        self._wires: dict[tuple[str, bytes, bool], RedisWire] = {}

    @property
    @override
    def name(self) -> str:
        return REDIS

    @override
    async def dial(self, peer: str, address: PeerAddress, receiver: WireReceiver) -> Wire:
        if not self._is_listening:
            raise ConnectionRefusedError("Redis is not connected")
        wire = self._make_wire(peer, self._token_bytes(_NUMBER_BYTES), is_dialler=True)
        wire.hand_over(receiver)
        return wire

    @override
    async def serve(self, accept: Callable[[Wire], WireReceiver]) -> None:
        self._accept = accept
        await self._topics.listen([topic_of_worker(self._own)], self)

    def forget(self, wire: RedisWire) -> None:
        """Take note that a wire is gone."""
        self._wires.pop(wire.key, None)

    # ---- what the reader of topics says

    @override
    def on_subscribed(self) -> None:
        self._is_listening = True

    @override
    def on_message(self, topic: bytes, data: bytes) -> None:
        begin = _HEAD_BYTES + data[_HEAD_BYTES - 1] if len(data) >= _HEAD_BYTES else _HEAD_BYTES
        if len(data) < begin:
            logger.warning("a datagram of a link is cut short", extra={"bytes": len(data)})
            return
        mark, number = data[0], data[1 : 1 + _NUMBER_BYTES]
        peer, message = data[_HEAD_BYTES:begin].decode(errors="replace"), data[begin:]
        is_dialler = mark in {_FROM_ANSWERER, _END_OF_ANSWERER}  # this end is the dialler when the other answers
        wire = self._wires.get((peer, number, is_dialler))
        if mark in {_END_OF_DIALLER, _END_OF_ANSWERER}:
            if wire is not None:
                wire.lose()
        elif wire is not None:
            wire.on_message(message)
        elif mark == _OPENING:
            wire = self._make_wire(peer, number, is_dialler=False)
            wire.hand_over(self._accept(wire))
            wire.on_message(message)

    @override
    def on_pong(self) -> None:
        """Nobody asks."""

    @override
    def on_lost(self) -> None:
        self._is_listening = False
        logger.warning("links through Redis are cut", extra={"links": len(self._wires)})
        for wire in list(self._wires.values()):
            wire.lose()

    def _make_wire(self, peer: str, number: bytes, *, is_dialler: bool) -> RedisWire:
        wire = RedisWire(carrier=self, own=self._own, peer=peer, number=number, is_dialler=is_dialler)
        self._wires[wire.key] = wire
        return wire
