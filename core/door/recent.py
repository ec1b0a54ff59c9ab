"""What a process has closed a short while ago, so that it can be told again when Redis has lost it.

A message is acknowledged when its events are in the log. A Redis that is killed may lose the newest entries, and so may
everybody who could have put them back. Then the one who has closed a message publishes it again, before it closes
anything new there; and it puts back nonces, so that a repeat makes no second message.
"""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from core.bus.heads import Head
from core.bus.positions import generation_of, n_of
from core.wire.envelope import Envelope

EVENTS_S: Final = 5.0
"""Redis loses at most the writes of a second, and is compared within three."""
NONCES_S: Final = 60.0
"""The time in which clients repeat what they have sent."""
_MAX_NONCES: Final = 100_000
"""The nonces of a minute of a busy process, some 20 MB."""


class _Event(NamedTuple):
    at_s: float
    envelope: Envelope


class _Nonce(NamedTuple):
    at_s: float
    shard: int
    channel_id: int
    author_id: int
    nonce: str
    id: int


class Recent:
    """The events and nonces of the last moments, oldest first."""

    __slots__ = ("_events", "_monotonic_s", "_nonces")

    def __init__(self, *, monotonic_s: Callable[[], float]) -> None:
        self._monotonic_s = monotonic_s
        self._events: dict[tuple[int, int], _Event] = {}
        """The events by shard and position, in the order of their closing."""
        self._nonces: deque[_Nonce] = deque(maxlen=_MAX_NONCES)

    def add_event(self, shard: int, position: int, envelope: Envelope) -> None:
        """Remember an event that is in the log; a repeat changes nothing."""
        now_s = self._monotonic_s()
        self._events.setdefault((shard, position), _Event(now_s, envelope))
        # A repeat keeps its first time, so the last one may leave too.
        while self._events and self._events[oldest := next(iter(self._events))].at_s < now_s - EVENTS_S:
            del self._events[oldest]

    def add_nonce(self, shard: int, channel_id: int, author_id: int, nonce: str, message_id: int) -> None:
        """Remember the nonce of a message that is stored."""
        now_s = self._monotonic_s()
        self._nonces.append(_Nonce(now_s, shard, channel_id, author_id, nonce, message_id))
        while self._nonces[0].at_s < now_s - NONCES_S:
            self._nonces.popleft()

    def find_lost(self, shard: int, head: Head) -> list[tuple[int, Envelope]]:
        """Return, in the order of their closing, the events that a log may have lost, with their positions in it.

        It began a new life at `head.start`, and may have been repaired since.
        """
        since_s = self._monotonic_s() - EVENTS_S
        return [
            (position, event.envelope)
            for (of_shard, position), event in self._events.items()
            if of_shard == shard and event.at_s >= since_s and _is_lost(position, head)
        ]

    def list_told(self, shard: int) -> list[int]:
        """Return the ids of the events of a shard."""
        return [event.envelope.id for (of_shard, _), event in self._events.items() if of_shard == shard]

    def list_nonces(self, shard: int) -> Sequence[tuple[int, str, int]]:
        """Return channel, nonce with its author, and message, of the nonces of a shard."""
        since_s = self._monotonic_s() - NONCES_S
        return [
            (known.channel_id, f"{known.author_id}:{known.nonce}", known.id)
            for known in self._nonces
            if known.shard == shard and known.at_s >= since_s
        ]


def _is_lost(position: int, head: Head) -> bool:
    return generation_of(position) != head.generation or n_of(position) > head.start
