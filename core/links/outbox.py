"""The frames of one direction of a conversation, kept until the other side has acknowledged them.

```
 put ─→ waiting ─ take ─→ under way ─ acknowledge ─→ gone
            ↑                 │
            └──── rewind ─────┘   a new wire: what has not arrived is sent again, with its old numbers
```

Frames are numbered from 1 by their order alone. Bytes are counted here, and each `mark` notes when the newest frame was
there at the latest, so that the age of the oldest one is known without asking the clock for each frame.
"""

from collections import deque
from collections.abc import Sequence


class UnknownNumber(Exception):
    """The other side speaks of frames that were never sent."""


class Outbox:
    """The frames that may be needed again."""

    __slots__ = ("_marks", "_sent_most", "_under_way", "_waiting", "_waiting_bytes", "acknowledged", "under_way_bytes")

    def __init__(self) -> None:
        self._waiting: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._under_way: deque[bytes] = deque()
        self.under_way_bytes = 0
        """The bytes of frames that the present wire has been given and the other side has not acknowledged."""
        self.acknowledged = 0
        """The number of the last frame that has arrived at the other side for certain."""
        self._sent_most = 0
        """The greatest number that any wire has been given."""
        self._marks: deque[tuple[int, float]] = deque()
        """A number, and a time by which that frame was here; both rise."""

    @property
    def sent(self) -> int:
        """The number of the last frame that the present wire has been given."""
        return self.acknowledged + len(self._under_way)

    @property
    def size_bytes(self) -> int:
        """The bytes of all frames that are kept."""
        return self.under_way_bytes + self._waiting_bytes

    @property
    def has_waiting(self) -> bool:
        """Whether there are frames that the present wire has not been given."""
        return bool(self._waiting)

    def put(self, frame: bytes) -> int:
        """Add a frame; return the bytes of all that are kept."""
        self._waiting.append(frame)
        size_bytes = self._waiting_bytes = self._waiting_bytes + len(frame)
        return size_bytes + self.under_way_bytes

    def take(self, max_bytes: int) -> tuple[int, Sequence[bytes]]:
        """Return the next frames for the wire, at least one if any waits, and the number of the first."""
        first = self.sent + 1
        waiting = self._waiting
        if self._waiting_bytes <= max_bytes:
            frames = list(waiting)
            size_bytes = self._waiting_bytes
            waiting.clear()
        else:
            frames, size_bytes = [waiting.popleft()], 0
            size_bytes = len(frames[0])
            while waiting and size_bytes + len(waiting[0]) <= max_bytes:
                frames.append(waiting.popleft())
                size_bytes += len(frames[-1])
        self._under_way.extend(frames)
        self._waiting_bytes -= size_bytes
        self.under_way_bytes += size_bytes
        self._sent_most = max(self._sent_most, self.sent)
        return first, frames

    def acknowledge(self, number: int) -> None:
        """Forget the frames up to this number. Raises UnknownNumber for one that was not sent."""
        if number > self._sent_most:
            raise UnknownNumber(f"frame {number} was not sent")
        under_way, waiting = self._under_way, self._waiting
        while self.acknowledged < number:
            if under_way:
                self.under_way_bytes -= len(under_way.popleft())
            else:  # an earlier wire has brought it, and it was to be sent again
                self._waiting_bytes -= len(waiting.popleft())
            self.acknowledged += 1
        marks = self._marks
        while marks and marks[0][0] <= number:
            marks.popleft()

    def rewind(self, received: int) -> int:
        """Begin anew on another wire, after the last number that the other side has; return how many are sent again.

        An older wire may have acknowledged more since the other side said so: what was acknowledged stays so.

        Raises:
            UnknownNumber: when the other side has more than was sent.
        """
        self.acknowledge(received)
        again = len(self._under_way)
        self._waiting.extendleft(reversed(self._under_way))
        self._waiting_bytes += self.under_way_bytes
        self._under_way.clear()
        self.under_way_bytes = 0
        return again

    def mark(self, now_s: float) -> None:
        """Note that all frames that are here now were here by this time."""
        newest = self.sent + len(self._waiting)
        if newest > self.acknowledged and (not self._marks or self._marks[-1][0] < newest):
            self._marks.append((newest, now_s))

    @property
    def oldest_s(self) -> float | None:
        """The time of the oldest mark whose frames are not all acknowledged."""
        return self._marks[0][1] if self._marks else None
