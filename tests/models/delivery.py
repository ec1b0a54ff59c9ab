"""A model of `core_ext`'s delivery, for its suite. The text is in `delivery_c.pyx`.

It joins bytes where the kernel gathers a send in memory of its own.
"""

import contextlib
import os
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from core_ext.delivery.delivery_c import MAX_SEND_BYTES
from core_ext.guild.slot_set_py import SlotSet
from tests.models.template import TemplateMemo


class SendQueue:
    """The tracks that have something to send, each once, in the order in which they got it.

    `schedule` is called when the first one comes: then `flush` must be called, and again for as long as it says so (or
    raises).
    """

    __slots__ = ("_is_scheduled", "_schedule", "_tracks", "entered", "memo")

    def __init__(self, schedule: Callable[[], object]) -> None:
        self._schedule = schedule
        self._tracks: deque[Track] = deque()
        self.entered = 0
        """How many tracks ever came; one that comes again counts again."""
        self.memo = TemplateMemo()
        """Where its outlets find templates."""
        self._is_scheduled = False

    def __len__(self) -> int:
        return len(self._tracks)

    @property
    def left(self) -> int:
        """How many ever had their turn. Once it reaches what `entered` was, all of that time are sent."""
        return self.entered - len(self._tracks)

    def put(self, track: "Track") -> None:
        """A track's own: it has something to send, and is not here yet."""
        self._tracks.append(track)
        self.entered += 1
        if not self._is_scheduled:
            self._is_scheduled = True
            self._schedule()

    def flush(self, max_tracks: int) -> bool:
        """Send what so many tracks have; whether there are more.

        Raises:
            Exception: what a form or a link raised. That one track's event or bytes are lost; the others are still here.
        """
        try:
            while self._tracks and max_tracks > 0:
                max_tracks -= 1
                self._tracks.popleft().flush_queued()
        finally:
            self.memo.clear()
        self._is_scheduled = bool(self._tracks)
        return self._is_scheduled


class Outlet:
    """One connection's way out: everything that its socket gets after the handshake, until `close`, comes through here.

    `fd` is the socket's, non-blocking, and must stay open until `close`; -1 sends through the link alone.
    """

    __slots__ = ("_fd", "_form", "_is_blocked", "_is_busy", "_last", "_link", "_track", "queue")

    def __init__(self, *, queue: SendQueue, form: Any, link: Any, fd: int = -1) -> None:
        self.queue = queue
        self._form = form
        self._link: Any = link
        self._fd = fd
        self._track: Track | None = None
        # The event that is last in the stream; None when something else is, or there is no stream.
        self._last: Any = None
        # Until the link says otherwise: the handshake's answer may still be with it.
        self._is_blocked = True
        self._is_busy = False

    @property
    def is_open(self) -> bool:
        """Whether `close` is still to come."""
        return self._link is not None

    @property
    def buffered_bytes(self) -> int:
        """What waits here (as its `size_bytes`) and in the link. 0 when closed."""
        if self._link is None:
            return 0
        waiting = 0 if self._track is None else self._track.pending_bytes
        return self._link.get_write_buffer_size() + waiting

    def set_form(self, form: Any) -> None:
        """Events leave in another form from now on."""
        self.flush()
        self._form = form
        self._last = None

    def write(self, data: bytes) -> None:
        """Send bytes behind everything that was pushed before. Nothing when closed."""
        self.flush()
        self._last = None
        if self._link is not None:
            self._is_blocked = True
            self._link.write(data)

    def flush(self) -> None:
        """Send what its track has, now."""
        track = self._track
        if track is None or self._is_busy:
            return
        self._is_busy = True
        try:
            while self._track is track and track.has_pending:
                self._send_some(track)
        except BaseException:
            track.queue_pending()
            raise
        finally:
            self._is_busy = False

    def close(self) -> None:
        """Send what its track has and let go of link, socket and track. May be called twice, and by the link."""
        try:
            self.flush()
        finally:
            self.cut()

    def confirm(self, seq: int) -> None:
        """The client has what its track sent up to this number."""
        if self._track is not None:
            self._track.forget_up_to(seq)

    def cut(self) -> None:
        """Let go without sending: the socket is gone."""
        track, self._track = self._track, None
        self._last = None
        self._link = None
        self._fd = -1
        if track is not None:
            track.lose_outlet()

    def take(self, track: "Track") -> None:
        """A track's own: it sends here from now on, and another one does no more."""
        self.flush()
        if self._track is not None:
            self._track.lose_outlet()
        self._track = track

    def release(self) -> None:
        """A track's own: it sends here no more."""
        self._track = None

    def _send_some(self, track: "Track") -> None:
        data = bytearray()
        while track.has_pending:
            if data and len(data) + track.next_bytes > MAX_SEND_BYTES:
                break
            seq, body = track.take_pending()
            try:
                data += self._encode(body, seq)
            except BaseException:
                if data:
                    self._send(bytes(data))
                raise
        self._send(bytes(data))

    def _encode(self, body: Any, seq: int) -> bytes:
        form = self._form
        if form.index < 0:
            return bytes(form.encode_dispatch(body, seq))
        frame = self.queue.memo.find(body, form, self._last).encode(seq)
        if form.is_stream:
            self._last = body
        return frame

    def _send(self, data: bytes) -> None:
        link = self._link
        if link is None or not data:
            return
        if self._is_blocked and link.get_write_buffer_size() == 0:
            self._is_blocked = False
        if not self._is_blocked and self._fd >= 0:
            # Full or broken: the link finds out which, and what follows from it.
            with contextlib.suppress(OSError):
                data = data[os.write(self._fd, data) :]
            if not data:
                return
        self._is_blocked = True
        link.write(data)


class Track:
    """A session's dispatches: their numbers, what is remembered of them, and where they go.

    The oldest are forgotten past `max_events` and past `max_bytes`, the newest never. What is still to be sent is not
    forgotten: it is sent first. What the client is known to have may be forgotten before (`forget_up_to`).
    """

    __slots__ = (
        "_bodies",
        "_is_queued",
        "_max_bytes",
        "_max_events",
        "_outlet",
        "_sent",
        "_size_bytes",
        "seq",
    )

    def __init__(self, *, max_events: int, max_bytes: int) -> None:
        if max_events < 1:
            raise ValueError("at least the newest is remembered")
        self.seq = 0
        """Of the newest dispatch; 0 before the first."""
        self._max_events = max_events
        self._max_bytes = max_bytes
        self._bodies: deque[Any] = deque()
        self._size_bytes = 0
        self._sent = 0
        self._outlet: Outlet | None = None
        self._is_queued = False

    @property
    def outlet(self) -> Outlet | None:
        """Where dispatches go; None while there is no open one."""
        return self._outlet

    def attach(self, outlet: Outlet | None) -> None:
        """Send what comes from now on there; what came before still goes to the outlet before."""
        before = self._outlet
        if before is outlet:
            return
        if before is not None:
            before.flush()
            before.release()
        self._outlet = None
        if outlet is not None and outlet.is_open:
            outlet.take(self)
            self._outlet = outlet
            self._sent = self.seq

    def push(self, body: Any) -> int:
        """Number an event, remember it and have it sent; its number."""
        size_bytes = body.size_bytes
        self._make_room(size_bytes)
        self._bodies.append(body)
        self._size_bytes += size_bytes
        self.seq += 1
        self.queue_pending()
        return self.seq

    def _make_room(self, size_bytes: int) -> None:
        bodies = self._bodies
        while bodies and (len(bodies) >= self._max_events or self._size_bytes + size_bytes > self._max_bytes):
            if self._outlet is not None and self._sent <= self.seq - len(bodies):
                self._outlet.flush()
            self._size_bytes -= bodies.popleft().size_bytes

    def has_all_after(self, seq: int) -> bool:
        """Whether nothing after `seq` was forgotten. A `seq` that was never reached is not after anything."""
        return self.seq - len(self._bodies) <= seq <= self.seq

    def after(self, seq: int) -> list[tuple[int, Any]]:
        """What is remembered of the dispatches after `seq`, with their numbers."""
        oldest = self.seq - len(self._bodies) + 1
        return [(number, body) for number, body in enumerate(self._bodies, oldest) if number > seq]

    def forget_up_to(self, seq: int) -> None:
        """Forget what its client has. Nothing when that was never sent."""
        if seq > self._sent:
            return
        while self._bodies and self.seq - len(self._bodies) < seq:
            self._size_bytes -= self._bodies.popleft().size_bytes

    def replay_after(self, seq: int) -> None:
        """Have everything after `seq` sent once more. ValueError unless `has_all_after(seq)`."""
        if not self.has_all_after(seq):
            raise ValueError("not remembered")
        if self._outlet is not None:
            self._outlet.flush()
            self._sent = seq
            self.queue_pending()

    # -- for its outlet and its queue

    @property
    def has_pending(self) -> bool:
        """Whether there is something to send."""
        return self._outlet is not None and self._sent < self.seq

    @property
    def pending_bytes(self) -> int:
        """The size of what is to be sent."""
        return sum(body.size_bytes for _, body in self.after(self._sent)) if self.has_pending else 0

    @property
    def next_bytes(self) -> int:
        """The size of the next to be sent."""
        return int(self._bodies[max(self._sent - self.seq, -len(self._bodies))].size_bytes)

    def take_pending(self) -> tuple[int, Any]:
        """The next to be sent, which counts as sent from now on."""
        self._sent = max(self._sent, self.seq - len(self._bodies)) + 1
        return self._sent, self._bodies[self._sent - 1 - self.seq]

    def queue_pending(self) -> None:
        """Into the queue, if there is something to send and it is not there yet."""
        if self._outlet is not None and self._sent < self.seq and not self._is_queued:
            self._is_queued = True
            self._outlet.queue.put(self)

    def flush_queued(self) -> None:
        """Its turn in the queue."""
        self._is_queued = False
        if self._outlet is not None:
            self._outlet.flush()

    def lose_outlet(self) -> None:
        """The outlet was closed."""
        self._outlet = None


def deliver(tracks: Sequence[Track | None], slots: SlotSet, body: Any) -> int:
    """Push `body` to the tracks in `slots`; an empty slot is skipped. How many got it."""
    delivered = 0
    for slot in slots:
        track = tracks[slot]
        if track is not None:
            track.push(body)
            delivered += 1
    return delivered
