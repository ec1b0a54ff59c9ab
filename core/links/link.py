"""One side of the link to one peer: its conversation, and the wire that carries it now.

Frames that are sent in one turn of the loop leave as one batch. What the wire does not take yet waits in the outbox,
and so does everything while there is no wire: only the budget ends a conversation. `tick` does what depends on time, so
the way of a frame asks no clock.

```
 send ─→ outbox ─ flush, at the end of the turn ─→ wire ─→ …
 listener ←─ frames that are new ←─ conversation ←──────────
```

Opening wires is the business of `core.links.dialler` and `core.links.arrival`, which hand over what has been proved.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence

from typing_extensions import override

from core.links.bounds import LinkBounds
from core.links.conversation import Conversation, Gap, Meeting
from core.links.handshake import Met
from core.links.interfaces import LinkListener
from core.links.messages import (
    BATCH,
    STATUS,
    Malformed,
    Standing,
    encode_batch,
    encode_status,
    parse_batch,
    parse_status,
)
from core.links.meters import LinkCounts
from core.links.outbox import UnknownNumber
from core.links.wires import Wire, WireReceiver

logger = logging.getLogger(__name__)


class Link(WireReceiver):
    """The link to one life of a worker."""

    __slots__ = (
        "_bounds", "_changed", "_conversation", "_counts", "_has_heard", "_has_spoken", "_heard_s", "_is_flush_due",
        "_is_forgotten", "_is_owed", "_listener", "_loop", "_spoken_s", "_wire", "peer",
    )  # fmt: skip

    def __init__(self, *, peer: str, listener: LinkListener, bounds: LinkBounds) -> None:
        self.peer = peer
        self._loop = asyncio.get_running_loop()
        self._listener = listener
        self._bounds = bounds
        self._conversation = Conversation()
        self._counts = LinkCounts()
        self._wire: Wire | None = None
        self._changed = asyncio.Event()
        """Set when the wire is another one, or gone; then replaced."""
        self._is_flush_due = False
        self._is_forgotten = False
        self._is_owed = False
        """Whether the listener has yet to hear that the conversation is broken."""
        self._has_heard = False
        self._heard_s = 0.0
        self._has_spoken = False
        self._spoken_s = 0.0

    @property
    def standing(self) -> Standing:
        """What the peer must know to go on."""
        return self._conversation.standing

    @property
    def carrier(self) -> str:
        """The name of the present wire's carrier, empty when there is no wire."""
        return "" if self._wire is None else self._wire.carrier

    async def wait_until(self, is_so: Callable[[str], bool]) -> None:
        """Wait until this is true of the present wire's carrier."""
        while not is_so(self.carrier):
            await self._changed.wait()

    # ---- what this side does

    def send(self, frame: bytes) -> bool:
        """See `Links.send`."""
        conversation = self._conversation
        if not conversation.name:
            return False
        if conversation.outbox.put(frame) > self._bounds.budget_bytes:
            self._break("too many bytes wait to be acknowledged")
            return False
        if not self._is_flush_due:
            self._is_flush_due = True
            self._loop.call_soon(self._flush)
        return True

    def forget(self) -> None:
        """End the conversation for good: the peer's life is over. A wire that is on its way is not taken any more."""
        self._is_forgotten = True
        if self._conversation.name:
            self._break("the life of the peer is over")
        self._drop_wire()

    def close(self) -> None:
        """Send what the wire still takes and give it up, when this worker ends. The listener is told nothing."""
        self._flush()
        self._drop_wire()

    def adopt(self, wire: Wire, met: Met) -> None:
        """Go on over a new wire, whose other end has proved that it is the peer."""
        if self._is_forgotten:
            wire.close()
            return
        had_conversation = bool(self._conversation.name)
        try:
            meeting, again = self._conversation.meet(met.standing, met.new_name)
        except UnknownNumber as error:
            wire.close()
            self._break(str(error))
            return
        self._replace_wire(wire)
        wire.hand_over(self)
        self._has_heard = self._has_spoken = True
        self._counts.wires += 1
        self._counts.frames_resent += again
        logger.info("linked", extra={"peer": self.peer, "carrier": wire.carrier, "conversation": meeting.value})
        if meeting is Meeting.BEGUN:
            if had_conversation:
                self._note_broken("the peer does not remember the conversation")
            self._tell_broken()
            self._listener.on_begun(self.peer)
        self._schedule_flush()

    def tick(self, now_s: float) -> None:
        """Do what is due: acknowledge, show that this side lives, and give up what has been silent for too long."""
        outbox = self._conversation.outbox
        outbox.mark(now_s)
        if (oldest_s := outbox.oldest_s) is not None and now_s - oldest_s > self._bounds.budget_s:
            self._break("a frame has waited for too long to be acknowledged")
        if self._has_heard:
            self._has_heard, self._heard_s = False, now_s
        if self._has_spoken:
            self._has_spoken, self._spoken_s = False, now_s
        if self._wire is None:
            return
        if now_s - self._heard_s > self._bounds.silence_s:
            self._give_up_wire("nothing has come from it")
        elif self._conversation.unacknowledged or now_s - self._spoken_s >= self._bounds.status_s:
            self._send_status(self._wire)

    def take_counts(self) -> LinkCounts:
        """Return what was counted since the last call."""
        counts, self._counts = self._counts, LinkCounts()
        counts.kept_bytes = self._conversation.outbox.size_bytes
        counts.carrier = self.carrier
        return counts

    # ---- what the wire says

    @override
    def on_message(self, message: bytes) -> None:
        self._has_heard = True
        conversation = self._conversation
        try:
            frames = self._take(message)
        except (Malformed, Gap) as error:
            self._give_up_wire(str(error))
            return
        except UnknownNumber as error:
            self._break(str(error))
            return
        if conversation.outbox.has_waiting:
            self._schedule_flush()
        if frames:
            self._deliver(frames)
        bounds = self._bounds
        if (
            conversation.unacknowledged >= bounds.acknowledge_frames
            or conversation.unacknowledged_bytes >= bounds.acknowledge_bytes
        ) and self._wire is not None:
            self._send_status(self._wire)

    @override
    def on_ready(self) -> None:
        self._schedule_flush()

    @override
    def on_lost(self) -> None:
        logger.warning("a link is cut", extra={"peer": self.peer, "carrier": self.carrier})
        self._replace_wire(None)

    def _take(self, message: bytes) -> Sequence[bytes]:
        kind = message[0] if message else 0
        if kind == BATCH:
            frames = self._conversation.take(parse_batch(message), len(message))
            self._counts.frames_received += len(frames)
            self._counts.bytes_received += len(message)
            return frames
        if kind != STATUS:
            raise Malformed("a message of this kind is not expected now")
        self._conversation.hear(parse_status(message))
        return ()

    def _deliver(self, frames: Sequence[bytes]) -> None:
        on_frame, peer = self._listener.on_frame, self.peer
        try:
            for frame in frames:
                on_frame(peer, frame)
        except Exception:
            logger.exception("a frame was not taken", extra={"peer": peer})
            self._break("a frame was not taken")

    # ---- the wire

    def _schedule_flush(self) -> None:
        if not self._is_flush_due:
            self._is_flush_due = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._is_flush_due = False
        wire, conversation, counts = self._wire, self._conversation, self._counts
        if wire is None:
            return
        outbox = conversation.outbox
        while outbox.has_waiting and wire.is_ready and outbox.under_way_bytes < wire.window_bytes:
            first, frames = outbox.take(self._bounds.batch_bytes)
            message = encode_batch(first, conversation.tell(), frames)
            wire.send(message)
            counts.frames_sent += len(frames)
            counts.bytes_sent += len(message)
            self._has_spoken = True

    def _send_status(self, wire: Wire) -> None:
        wire.send(encode_status(self._conversation.tell(), self._conversation.outbox.sent))
        self._has_spoken = True

    def _give_up_wire(self, reason: str) -> None:
        logger.warning("a link is given up", extra={"peer": self.peer, "carrier": self.carrier, "reason": reason})
        self._drop_wire()

    def _drop_wire(self) -> None:
        if self._wire is not None:
            self._replace_wire(None)

    def _replace_wire(self, wire: Wire | None) -> None:
        if self._wire is not None:
            self._wire.close()
        self._wire = wire
        self._changed.set()
        self._changed = asyncio.Event()

    # ---- the end of a conversation

    def _break(self, reason: str) -> None:
        self._note_broken(reason)
        self._conversation.end()
        self._drop_wire()
        self._loop.call_soon(self._tell_broken)

    def _note_broken(self, reason: str) -> None:
        logger.warning("a conversation is broken", extra={"peer": self.peer, "reason": reason})
        self._counts.broken += 1
        self._is_owed = True

    def _tell_broken(self) -> None:
        if self._is_owed:
            self._is_owed = False
            self._listener.on_broken(self.peer)
