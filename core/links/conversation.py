"""One side of a conversation: its name, what it has sent and what it has received. No I/O and no clock.

A conversation has a name, which both sides make of the random numbers of the handshake in which it began. When two
sides meet over a new wire, each tells its name and the last number that it has received. If the names are the same,
both go on after those numbers; else both begin a new one. So a side that has broken the conversation, or has never
begun it, need only have no name. Both sides decide by the same two names, so they decide the same.

What arrives is compared by number: repeats are dropped, and a gap (which only a lossy carrier has) ends the wire and
not the conversation, since the next wire brings what is missing.
"""

import enum
from collections.abc import Sequence

from core.links.messages import Batch, Standing, Status
from core.links.outbox import Outbox


class Gap(Exception):
    """Frames are missing before these."""


class Meeting(enum.Enum):
    """The way in which two sides go on over a new wire."""

    CONTINUED = "continued"
    BEGUN = "begun"


class Conversation:
    """The conversation with one peer, or none while it has no name."""

    __slots__ = ("_told", "name", "outbox", "received", "unacknowledged_bytes")

    def __init__(self) -> None:
        self.end()

    def end(self) -> None:
        """Forget everything: the next wire begins another conversation."""
        self.name = b""
        self.outbox = Outbox()
        self.received = 0
        self._told = 0
        """The received number that the other side has been told."""
        self.unacknowledged_bytes = 0
        """The bytes of batches that have arrived since then."""

    @property
    def standing(self) -> Standing:
        """What the other side must know to go on."""
        return Standing(self.name, self.received)

    @property
    def unacknowledged(self) -> int:
        """The number of frames that have arrived since the other side was told the last time."""
        return self.received - self._told

    def meet(self, theirs: Standing, new_name: bytes) -> tuple[Meeting, int]:
        """Go on over a new wire, or begin; return which, and the number of frames that are sent again.

        Raises:
            UnknownNumber: when the names are the same and the numbers cannot be.
        """
        if self.name and self.name == theirs.conversation:
            return Meeting.CONTINUED, self.outbox.rewind(theirs.received)
        self.end()
        self.name = new_name
        return Meeting.BEGUN, 0

    def tell(self) -> int:
        """Return the number to acknowledge, which the caller sends now."""
        self._told = self.received
        self.unacknowledged_bytes = 0
        return self.received

    def take(self, batch: Batch, size_bytes: int) -> Sequence[bytes]:
        """Take the acknowledgement, and return the frames that have not arrived before. The batch had so many bytes.

        Raises:
            Gap: when frames are missing before the batch.
            UnknownNumber: when it acknowledges what was not sent.
        """
        self.outbox.acknowledge(batch.acknowledged)
        repeats = self.received + 1 - batch.first
        if repeats < 0:
            raise Gap(f"frame {batch.first} came after {self.received}")
        frames = batch.frames[repeats:] if repeats else batch.frames
        self.received += len(frames)
        self.unacknowledged_bytes += size_bytes
        return frames

    def hear(self, status: Status) -> None:
        """Take the acknowledgement of a status. Raises Gap and UnknownNumber, as `take`."""
        self.outbox.acknowledge(status.acknowledged)
        if status.sent > self.received:
            raise Gap(f"the peer has sent {status.sent}, and {self.received} has arrived")
