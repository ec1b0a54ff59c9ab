"""What a session remembers of its last dispatches, so that they can be sent again.

Holds references to shared event bodies, never copies. Sequence numbers have no gaps, so only the newest is kept. Bounded in
entries and in bytes (of payloads, though they are mostly shared with others: the bound is for the worst case).
"""

from collections import deque
from collections.abc import Iterator

from gateway.dispatch_body import DispatchBody


class ReplayRing:
    """Dispatches up to `seq`, the oldest forgotten first."""

    __slots__ = ("_bodies", "_max_bytes", "_max_events", "_size_bytes", "seq")

    def __init__(self, *, max_events: int, max_bytes: int) -> None:
        self.seq = 0
        """Of the newest dispatch; 0 before the first."""
        self._bodies: deque[DispatchBody] = deque()
        self._max_events = max_events
        self._max_bytes = max_bytes
        self._size_bytes = 0

    def push(self, body: DispatchBody) -> int:
        """Remember a dispatch; its sequence number."""
        bodies = self._bodies
        bodies.append(body)
        self._size_bytes += body.size_bytes
        while len(bodies) > self._max_events or (self._size_bytes > self._max_bytes and len(bodies) > 1):
            self._size_bytes -= bodies.popleft().size_bytes
        self.seq += 1
        return self.seq

    def has_all_after(self, seq: int) -> bool:
        """Whether nothing after `seq` was forgotten. A `seq` that was never reached is not after anything."""
        return self.seq - len(self._bodies) <= seq <= self.seq

    def after(self, seq: int) -> Iterator[tuple[int, DispatchBody]]:
        """The dispatches after `seq` with their numbers, in order. Take them before anything is pushed."""
        oldest = self.seq - len(self._bodies) + 1
        for number, body in enumerate(self._bodies, oldest):
            if number > seq:
                yield number, body
