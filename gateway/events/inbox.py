"""The events on their way from the bus to the actors.

```
 bus ─ put ─┬─ all others ──────────→ queue, in order ─────────────┬─→ apply
            └─ typing, presences ──→ the newest of each, bounded ──┘ when nothing else waits
```

The bus calls `put` in the middle of a commit, which must not wait for a fan-out: so deliveries queue here and are applied in
the next turn of the loop, a slice at a time, so that a burst does not keep the sockets from being served.

Typing and presences are volatile: they say how somebody is now, a newer one makes the older one void, and nobody misses them
when there is no time for them. So they wait until nothing else does. Of each user in a guild there is one presence, of each
user in a channel one word of typing; the message that was typed makes it void as well. Typing goes first, for it ages faster.
Who leaves a guild meanwhile is looked after by the guild's actor.
"""

import logging
from collections import deque
from collections.abc import Callable
from typing import Final

from core.bus.interfaces import Delivery
from core.domain.events import MESSAGE_CREATE, PRESENCE_UPDATE, TYPING_START
from core.runtime.clock import Clock
from core.wire.envelope import Envelope
from gateway.events.recent import remember

logger = logging.getLogger(__name__)

SLICE_S: Final = 0.005
"""How long one turn applies events: sockets wait no longer than that, and one event."""

MAX_TYPING: Final = 10_000
"""Words of typing that wait; more are worth nothing by the time that they come, and the oldest go first. Presences need no
bound: there is one for each user in a guild."""

_Key = tuple[int, ...]


class Inbox:
    """See the module. `call_soon` is the event loop's."""

    __slots__ = ("_apply", "_call_soon", "_clock", "_is_scheduled", "_presences", "_queue", "_typing")

    def __init__(self, *, call_soon: Callable[[Callable[[], None]], object], clock: Clock) -> None:
        self._apply: Callable[[Delivery], None]
        self._call_soon = call_soon
        self._clock = clock
        self._queue: deque[Delivery] = deque()
        self._presences: dict[_Key, Delivery] = {}
        """By guild and user."""
        self._typing: dict[_Key, Delivery] = {}
        """By channel, user (in direct messages the one who is told) and who types."""
        self._is_scheduled = False

    def hand_to(self, apply: Callable[[Delivery], None]) -> None:
        """Name who is given the deliveries. Before the first one."""
        self._apply = apply

    def put(self, delivery: Delivery) -> None:
        """Queue a delivery."""
        envelope = delivery.envelope
        if delivery.position == 0 and envelope.event == PRESENCE_UPDATE:
            self._presences[envelope.guild_id, envelope.user_id] = delivery
        elif delivery.position == 0 and envelope.event == TYPING_START:
            remember(self._typing, _typing_key(envelope), delivery, most=MAX_TYPING)
        else:
            if self._typing and envelope.event == MESSAGE_CREATE:
                self._typing.pop(_typing_key(envelope), None)
            self._queue.append(delivery)
        if not self._is_scheduled:
            self._is_scheduled = True
            self._call_soon(self._drain)

    def flush(self) -> None:
        """Apply all that is queued, now: for who has read something that these events may already be in. Not from `apply`.

        Nothing of what is volatile is in anything that is read.
        """
        while self._queue:
            self._apply_safely(self._queue.popleft())

    def _drain(self) -> None:
        until_s = self._clock.monotonic_s() + SLICE_S
        while (delivery := self._next()) is not None:
            self._apply_safely(delivery)
            if self._clock.monotonic_s() >= until_s:
                break
        self._is_scheduled = bool(self._queue or self._typing or self._presences)
        if self._is_scheduled:
            self._call_soon(self._drain)

    def _next(self) -> Delivery | None:
        if self._queue:
            return self._queue.popleft()
        for volatile in (self._typing, self._presences):
            if volatile:
                return volatile.pop(next(iter(volatile)))
        return None

    def _apply_safely(self, delivery: Delivery) -> None:
        try:
            self._apply(delivery)
        except Exception:
            # One event must not keep all others back; whatever it is, it is a fault of ours.
            logger.exception("an event could not be applied", extra={"event": delivery.envelope.event})


def _typing_key(envelope: Envelope) -> _Key:
    """The same for a word of typing and for the message that it announces."""
    return envelope.channel_id, envelope.user_id or envelope.author_id, envelope.author_id
