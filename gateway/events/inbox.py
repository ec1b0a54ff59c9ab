"""The events on their way from the bus to the actors.

```
 bus ─ put ─┬─ all others ──────────→ queue, in order ─────────────┬─→ apply
            └─ typing, presences ──→ the newest of each, bounded ──┘ when nothing else waits
```

The bus calls `put` in the middle of a commit, which must not wait for a fan-out. So deliveries queue here and are
applied in later turns of the loop, a slice in each, so that the sockets are served during a burst.

Typing and presences are volatile: a newer one replaces the older one, and they may be late or lost. So they wait until
nothing else does. One presence waits for each user in a guild, and one typing event for each user in a channel; the
message that was typed drops it as well. Typing goes first, because it ages faster. A presence may come out after its
user has left the guild, and the guild's actor ignores it then.
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
"""The time for which one turn of the loop applies events. Sockets wait for that time and one event at most."""

MAX_TYPING: Final = 10_000
"""The typing events that wait. More would be out of date when they come, so the oldest are dropped. Presences need no
bound: there is one for each user in a guild, and for each of two friends."""

_Key = tuple[int, ...]


class Inbox:
    """`call_soon` is the event loop's."""

    __slots__ = ("_apply", "_call_soon", "_clock", "_is_scheduled", "_presences", "_queue", "_typing")

    def __init__(self, *, call_soon: Callable[[Callable[[], None]], object], clock: Clock) -> None:
        self._apply: Callable[[Delivery], None]
        self._call_soon = call_soon
        self._clock = clock
        self._queue: deque[Delivery] = deque()
        self._presences: dict[_Key, Delivery] = {}
        """The presences that wait, keyed by guild and user; outside guilds by receiver, and by whose presence it is."""
        self._typing: dict[_Key, Delivery] = {}
        """The typing events that wait, keyed by channel, user (in direct messages the receiver) and author."""
        self._is_scheduled = False

    def hand_to(self, apply: Callable[[Delivery], None]) -> None:
        """Set the receiver of the deliveries. Call this before the first `put`."""
        self._apply = apply

    def put(self, delivery: Delivery) -> None:
        """Queue a delivery."""
        envelope = delivery.envelope
        if delivery.position == 0 and envelope.event == PRESENCE_UPDATE:
            self._presences[envelope.guild_id, envelope.user_id, envelope.author_id] = delivery
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
        """Apply all queued events now, for a caller whose data from the store may have them already. Not from `apply`.

        Volatile events go on waiting: the store does not have them.
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
            # One event must not stop all others. Whatever the error is, it is a fault of ours.
            logger.exception("an event could not be applied", extra={"event": delivery.envelope.event})


def _typing_key(envelope: Envelope) -> _Key:
    """Return the key of a typing event, which is also that of the message that follows it."""
    return envelope.channel_id, envelope.user_id or envelope.author_id, envelope.author_id
