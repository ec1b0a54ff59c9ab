"""A model of `core_ext`'s delivery, for its test suite. `delivery_c.pyx` explains the algorithm.

The model joins bytes where the kernel gathers a send in its own memory.
"""

import contextlib
import os
import struct
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from core_ext.delivery.delivery_c import MAX_SEND_BYTES
from core_ext.guild.slot_set_py import SlotSet
from core_ext.payloads.framing_py import MAX_SEQ
from tests.models.template import TemplateMemo

_NUMBER = struct.Struct("=I")


class SendQueue:
    """The tracks that have something to send, each once, in the order of their arrival.

    `schedule` is called when the first track arrives. Then `flush` must be called, and again for as long as it returns
    True (or raises).
    """

    __slots__ = ("_is_scheduled", "_schedule", "_tracks", "entered", "memo")

    def __init__(self, schedule: Callable[[], object]) -> None:
        self._schedule = schedule
        self._tracks: deque[Track] = deque()
        self.entered = 0
        """The number of arrivals so far. A track that arrives again counts again."""
        self.memo = TemplateMemo()
        """The memo in which the outlets find templates."""
        self._is_scheduled = False

    def __len__(self) -> int:
        return len(self._tracks)

    @property
    def left(self) -> int:
        """Return the number of tracks that had their turn. Once it reaches an earlier `entered`, all tracks of that
        time are sent.
        """
        return self.entered - len(self._tracks)

    def put(self, track: "Track") -> None:
        """Take a track that has something to send and is not queued. Tracks call this."""
        self._tracks.append(track)
        self.entered += 1
        if not self._is_scheduled:
            self._is_scheduled = True
            self._schedule()

    def flush(self, max_tracks: int) -> bool:
        """Send the bytes of so many tracks, and return whether there are more.

        Raises:
            Exception: the error of a wire format or a link. The event or bytes of that track are lost; the others stay.
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
    """The way out of one connection: all its socket's bytes after the handshake pass here, until `close`.

    `fd` is the non-blocking socket, which must stay open until `close`. With -1 the link sends everything.
    """

    __slots__ = ("_fd", "_is_blocked", "_is_busy", "_last", "_link", "_track", "_wire_format", "queue")

    def __init__(self, *, queue: SendQueue, wire_format: Any, link: Any, fd: int = -1) -> None:
        self.queue = queue
        self._wire_format = wire_format
        self._link: Any = link
        self._fd = fd
        self._track: Track | None = None
        # The event that is last in the stream, or None after anything else and without a stream.
        self._last: Any = None
        # The handshake's answer may still wait in the link, until the link says otherwise.
        self._is_blocked = True
        self._is_busy = False

    @property
    def is_open(self) -> bool:
        """True until `close`."""
        return self._link is not None

    @property
    def buffered_bytes(self) -> int:
        """The bytes that wait here (by their `size_bytes`) and in the link. 0 when closed."""
        if self._link is None:
            return 0
        waiting = 0 if self._track is None else self._track.pending_bytes
        return self._link.get_write_buffer_size() + waiting

    def set_wire_format(self, wire_format: Any) -> None:
        """Let further events leave in another wire format."""
        self.flush()
        self._wire_format = wire_format
        self._last = None

    def write(self, data: bytes) -> None:
        """Send bytes behind all earlier dispatches. Do nothing when closed."""
        self.flush()
        self._last = None
        if self._link is not None:
            self._is_blocked = True
            self._link.write(data)

    def flush(self) -> None:
        """Send the waiting dispatches of its track now."""
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
        """Send the dispatches of its track and release link, socket and track. The link may call it, and it may be
        called twice.
        """
        try:
            self.flush()
        finally:
            self.cut()

    def confirm(self, seq: int) -> None:
        """Note that the client has its track's dispatches up to this number."""
        if self._track is not None:
            self._track.forget_up_to(seq)

    def cut(self) -> None:
        """Release everything without sending, since the socket is gone."""
        track, self._track = self._track, None
        self._last = None
        self._link = None
        self._fd = -1
        if track is not None:
            track.lose_outlet()

    def take(self, track: "Track") -> None:
        """Take the dispatches of a track in the place of an earlier one. Tracks call this."""
        self.flush()
        if self._track is not None:
            self._track.lose_outlet()
        self._track = track

    def release(self) -> None:
        """Release a track, which sends here no more. Tracks call this."""
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
        wire_format = self._wire_format
        if wire_format.index < 0:
            return bytes(wire_format.encode_dispatch(body, seq))
        frame = self.queue.memo.find(body, wire_format, self._last).encode(seq)
        if wire_format.is_stream:
            self._last = body
        return frame

    def _send(self, data: bytes) -> None:
        link = self._link
        if link is None or not data:
            return
        if self._is_blocked and link.get_write_buffer_size() == 0:
            self._is_blocked = False
        if not self._is_blocked and self._fd >= 0:
            # The socket is full or broken. The link finds out which, and handles it.
            with contextlib.suppress(OSError):
                data = data[os.write(self._fd, data) :]
            if not data:
                return
        self._is_blocked = True
        link.write(data)


class Track:
    """The dispatches of a session: their numbers, a ring of the latest ones, and their outlet.

    The oldest are forgotten past `max_events` and past `max_bytes`, the newest never. Dispatches that are not sent yet
    are sent before they are forgotten. Those that the client is known to have may be forgotten early (`forget_up_to`).
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

    def __init__(self, *, max_events: int, max_bytes: int, seq: int = 0) -> None:
        """A track that goes on behind `seq` remembers nothing up to there."""
        if max_events < 1:
            raise ValueError("at least the newest is remembered")
        if not 0 <= seq <= MAX_SEQ:
            raise ValueError("seq must be in 0..2**31-1")
        self.seq = seq
        """The number of the newest dispatch, before the first that which the track began with."""
        self._max_events = max_events
        self._max_bytes = max_bytes
        self._bodies: deque[Any] = deque()
        self._size_bytes = 0
        self._sent = seq
        self._outlet: Outlet | None = None
        self._is_queued = False

    @property
    def outlet(self) -> Outlet | None:
        """The outlet of the dispatches, None without an open one."""
        return self._outlet

    def attach(self, outlet: Outlet | None) -> None:
        """Send further dispatches to an outlet. Earlier ones still leave by the outlet before."""
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
        """Number an event, remember it and queue it. Return its number."""
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
        """Tell whether nothing after `seq` was forgotten. A `seq` that was never reached is not after anything."""
        return self.seq - len(self._bodies) <= seq <= self.seq

    def after(self, seq: int) -> list[tuple[int, Any]]:
        """Return the remembered dispatches after `seq`, with their numbers."""
        oldest = self.seq - len(self._bodies) + 1
        return [(number, body) for number, body in enumerate(self._bodies, oldest) if number > seq]

    def forget_up_to(self, seq: int) -> None:
        """Forget the dispatches that the client has. Do nothing when that number was never sent."""
        if seq > self._sent:
            return
        while self._bodies and self.seq - len(self._bodies) < seq:
            self._size_bytes -= self._bodies.popleft().size_bytes

    def replay_after(self, seq: int) -> None:
        """Send everything after `seq` once more. Raises ValueError unless `has_all_after(seq)`."""
        if not self.has_all_after(seq):
            raise ValueError("not remembered")
        if self._outlet is not None:
            self._outlet.flush()
            self._sent = seq
            self.queue_pending()

    # -- for the outlet and the queue

    @property
    def has_pending(self) -> bool:
        """Tell whether a dispatch waits."""
        return self._outlet is not None and self._sent < self.seq

    @property
    def pending_bytes(self) -> int:
        """Return the size of all waiting dispatches."""
        return sum(body.size_bytes for _, body in self.after(self._sent)) if self.has_pending else 0

    @property
    def next_bytes(self) -> int:
        """Return the size of the next waiting dispatch."""
        return int(self._bodies[max(self._sent - self.seq, -len(self._bodies))].size_bytes)

    def take_pending(self) -> tuple[int, Any]:
        """Return the next waiting dispatch, which counts as sent from now on."""
        self._sent = max(self._sent, self.seq - len(self._bodies)) + 1
        return self._sent, self._bodies[self._sent - 1 - self.seq]

    def queue_pending(self) -> None:
        """Enter the queue, if a dispatch waits and the track is not queued."""
        if self._outlet is not None and self._sent < self.seq and not self._is_queued:
            self._is_queued = True
            self._outlet.queue.put(self)

    def flush_queued(self) -> None:
        """Send, in the track's turn in the queue."""
        self._is_queued = False
        if self._outlet is not None:
            self._outlet.flush()

    def lose_outlet(self) -> None:
        """Forget the outlet, which was closed."""
        self._outlet = None


def deliver(tracks: Sequence[Track | None], slots: SlotSet, body: Any) -> int:
    """Push `body` to the tracks in `slots`, and return their number. Empty slots are skipped."""
    delivered = 0
    for slot in slots:
        track = tracks[slot]
        if track is not None:
            track.push(body)
            delivered += 1
    return delivered


def collect_seqs(tracks: Sequence[Track | None], noted: bytearray) -> bytes:
    """Return the places and numbers of the tracks whose number is not the noted one, which is noted then."""
    if len(noted) != len(tracks) * _NUMBER.size:
        raise ValueError("four bytes are noted for each place")
    pairs = bytearray()
    for place, track in enumerate(tracks):
        if track is not None and _NUMBER.unpack_from(noted, place * _NUMBER.size) != (track.seq,):
            _NUMBER.pack_into(noted, place * _NUMBER.size, track.seq)
            pairs += _NUMBER.pack(place) + _NUMBER.pack(track.seq)
    return bytes(pairs)
