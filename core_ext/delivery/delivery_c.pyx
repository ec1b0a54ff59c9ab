"""The way of an event to the sockets of its recipients: numbers, memory for a resume, and one send a turn.

    deliver ─→ Track.push: seq += 1, a reference in the ring ─→ SendQueue: the tracks with something to send
                                                                     │ flush, once a turn
    Outlet: header, `s`, shared part of each event, in one buffer ←──┘
       └─ one send on the socket; bytes that the kernel does not take go to the link, and so does all that follows until
          the link is empty

The ring is the queue too: a track knows the number that was sent last, and the events behind it are still to be sent.
So an event costs a session one reference, and events that come faster than they are sent leave in one send.

The callers give these objects, and the kernel does not change them:

    body         .size_bytes, an int that never changes; and the methods that `template_c` names
    wire format  .index, or -1 for a wire format without templates, which has .encode_dispatch(body, seq) -> bytes;
                 .is_stream, whether events may look back at the one before
    link         .write(bytes) and .get_write_buffer_size(), an asyncio transport's: the latter is 0 only when all that
                 was ever written is with the kernel

All objects belong to the thread of one event loop. The kernel awaits nothing and reads no clock; the caller decides
when to flush.

Buffers: a track owns its ring (`ring_c.pxd`). A queue owns the buffer that gathers a send (`send_buffer_c.pyx`). The
buffer is in use from the first event put into it until the send that follows; meanwhile no code of the callers runs but
the making of templates. The suite runs on a model in Python too, `tests/models/delivery.py`.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.list cimport PyList_GET_ITEM, PyList_GET_SIZE
from cpython.mem cimport PyMem_Free, PyMem_Realloc
from cpython.ref cimport Py_DECREF, Py_INCREF, PyObject
from libc.stdint cimport uint64_t
from libc.string cimport memcpy, memmove

from core_ext.payloads.framing_c cimport MAX_SEQ
from core_ext.delivery.ring_c cimport Place, Ring, append_event, clear_ring, count_remembered
from core_ext.delivery.ring_c cimport drop_forgotten, drop_oldest, find_newest, has_room
from core_ext.delivery.send_buffer_c cimport SendBuffer
from core_ext.guild.slot_set_c cimport SlotSet, guildway_ctz64
from core_ext.payloads.template_c cimport Template, TemplateMemo

cdef enum:
    # The most that a send gathers. A larger frame goes alone.
    _MAX_SEND_BYTES = 65536
    _FIRST_PLACES = 8
    _LINE_BYTES = 64

MAX_SEND_BYTES = _MAX_SEND_BYTES


@cython.final
cdef class SendQueue:
    """The tracks that have something to send, each once, in the order in which they got it."""

    cdef object _schedule
    # Owns a reference to each of `_count` tracks from `_next` on, and the array of `_places`.
    cdef PyObject** _tracks
    cdef Py_ssize_t _next
    cdef Py_ssize_t _count
    cdef Py_ssize_t _places
    cdef readonly long long entered
    cdef bint _is_scheduled
    cdef SendBuffer _buffer
    # The templates of one flush, which so does not look each up for every recipient.
    cdef TemplateMemo _memo

    def __cinit__(self, schedule):
        self._schedule = schedule
        self._buffer = SendBuffer()
        self._memo = TemplateMemo()

    def __dealloc__(self):
        while self._count:
            self._take()
        PyMem_Free(self._tracks)

    def __len__(self):
        return self._count

    @property
    def left(self):
        """The number of tracks that were ever sent."""
        return self.entered - self._count

    cdef int put(self, Track track) except -1:
        if self._next + self._count == self._places:
            self._make_room()
        Py_INCREF(track)
        self._tracks[self._next + self._count] = <PyObject*>track
        self._count += 1
        self.entered += 1
        if not self._is_scheduled:
            self._is_scheduled = True
            self._schedule()
        return 0

    cdef int _make_room(self) except -1:
        """Make at least one place at the end: move to the places that were left, or allocate twice as many."""
        cdef PyObject** tracks
        cdef Py_ssize_t places
        if self._next > self._places // 2:
            memmove(self._tracks, self._tracks + self._next, self._count * sizeof(PyObject*))
            self._next = 0
            return 0
        places = max(self._places * 2, _FIRST_PLACES)
        tracks = <PyObject**>PyMem_Realloc(self._tracks, places * sizeof(PyObject*))
        if tracks == NULL:
            raise MemoryError
        self._tracks, self._places = tracks, places
        return 0

    cdef Track _take(self):
        """Take the first track, which must be there."""
        cdef Track track = <Track>self._tracks[self._next]
        self._next += 1
        self._count -= 1
        if self._count == 0:
            self._next = 0
        Py_DECREF(track)
        return track

    cdef inline void _look_ahead(self) noexcept:
        """Prefetch the memory that the next two need: a send leaves none of it in the processor's caches."""
        cdef PyObject** tracks = self._tracks + self._next
        if self._count > 1:
            guildway_prefetch(tracks[1])
            guildway_prefetch(<char*>tracks[1] + _LINE_BYTES)
        if self._count > 0:
            guildway_prefetch(<void*>(<Track>tracks[0]).outlet)
            guildway_prefetch(<char*><void*>(<Track>tracks[0]).outlet + _LINE_BYTES)
            (<Track>tracks[0])._fetch_pending()

    def flush(self, Py_ssize_t max_tracks):
        """Send the events of so many tracks; return whether there are more."""
        cdef Track track
        try:
            while self._count and max_tracks > 0:
                max_tracks -= 1
                track = self._take()
                track._is_queued = False
                self._look_ahead()
                if track.outlet is not None and not track.outlet._send_again(track):
                    track.outlet._flush()
        finally:
            self._memo.clear()
            self._buffer.forget()
        self._is_scheduled = self._count > 0
        return self._is_scheduled


@cython.final
cdef class Outlet:
    """One connection's way out: all bytes for its socket after the handshake, until `close`, go through it."""

    cdef readonly SendQueue queue
    cdef object _wire_format
    cdef Py_ssize_t _index
    cdef bint _is_stream
    # The event that is last in the stream; None when it is something else, or there is no stream.
    cdef object _last
    cdef object _link
    cdef Track _track
    cdef int _fd
    cdef bint _is_blocked
    cdef bint _is_busy

    def __init__(self, *, SendQueue queue not None, wire_format, link, int fd=-1):
        self.queue = queue
        self._wire_format = wire_format
        self._index = wire_format.index
        self._is_stream = wire_format.is_stream
        self._link = link
        self._fd = fd
        # Until the link says otherwise: the handshake's answer may still be with it.
        self._is_blocked = True
        self._is_busy = False

    @property
    def is_open(self):
        """Whether `close` is still to come."""
        return self._link is not None

    @property
    def buffered_bytes(self):
        """The size of all that waits, in the track (as `size_bytes`) and in the link. 0 when closed."""
        if self._link is None:
            return 0
        return self._link.get_write_buffer_size() + (0 if self._track is None else self._track.pending_bytes)

    def set_wire_format(self, wire_format):
        """Have events leave in another wire format from now on."""
        self._flush()
        self._wire_format = wire_format
        self._index = wire_format.index
        self._is_stream = wire_format.is_stream
        self._last = None

    def write(self, bytes data not None):
        """Send bytes behind everything that was pushed before. Do nothing when closed."""
        self._flush()
        self._last = None
        if self._link is not None:
            self._is_blocked = True
            self._link.write(data)

    def flush(self):
        """Send the events of its track now."""
        self._flush()

    def close(self):
        """Send the events of its track and let go of link, socket and track. Safe to call twice, and from the link."""
        try:
            self._flush()
        finally:
            self.cut()

    def confirm(self, seq):
        """Note that the client has the dispatches up to this number."""
        if self._track is not None:
            self._track.forget_up_to(seq)

    def cut(self):
        """Let go without sending, because the socket is gone."""
        cdef Track track = self._track
        self._track = None
        self._last = None
        self._link = None
        self._fd = -1
        if track is not None:
            track.outlet = None

    cdef int _take(self, Track track) except -1:
        self._flush()
        if self._track is not None:
            self._track.outlet = None
        self._track = track
        return 0

    cdef int _flush(self) except -1:
        cdef Track track = self._track
        if track is None or self._is_busy or track._sent >= track.seq:
            return 0
        # A link may close its outlet within a write, and then nobody else may hold it any more.
        Py_INCREF(self)
        self._is_busy = True
        try:
            while self._track is track and track._sent < track.seq:
                self._send_some(track)
        except BaseException:
            track._queue_pending()
            raise
        finally:
            self._is_busy = False
            Py_DECREF(self)
        return 0

    cdef bint _send_again(self, Track track) except -1:
        """Send a track the frames of the recipient before, numbered anew, if it has just these; return whether it has.

        Most recipients come this way, and find nothing in the processor's caches, so it is short.
        """
        cdef SendBuffer buffer = self.queue._buffer
        cdef long long first = track._sent + 1
        cdef Py_ssize_t size, sent
        if self._is_blocked or self._is_busy or self._fd < 0 or buffer.count == 0:
            return False
        if track.seq - track._sent != buffer.count or track.seq > MAX_SEQ or self._track is not track:
            return False
        if not buffer.fits(self._wire_format, self._last, first) or not track._has_next(buffer):
            return False
        size = buffer.renumber(first)
        track._sent = track.seq
        if self._is_stream:
            self._last = <object>buffer.frames[buffer.count - 1].body
        sent = guildway_send(self._fd, buffer.data, size)
        if sent != size:
            self._leave_to_link(buffer, max(sent, 0), size)
        return True

    cdef int _send_some(self, Track track) except -1:
        cdef SendBuffer buffer = self.queue._buffer
        cdef TemplateMemo memo = self.queue._memo
        cdef Py_ssize_t needed, used = 0
        cdef Template template
        cdef object body
        cdef bytes whole
        cdef long long first = track._sent + 1
        buffer.begin(self._wire_format, self._last)
        try:
            while track._sent < track.seq:
                if used and used + find_newest(&track._ring, track._count_pending()).size_bytes > _MAX_SEND_BYTES:
                    break
                body = track._take_pending()
                if track._sent > MAX_SEQ:
                    raise OverflowError("seq must be in 0..2**31-1")
                if self._index < 0:
                    whole = self._wire_format.encode_dispatch(body, track._sent)
                    needed = PyBytes_GET_SIZE(whole)
                    buffer.reserve(used + needed)
                    memcpy(buffer.data + used, PyBytes_AS_STRING(whole), needed)
                    used += needed
                else:
                    template = memo.find(body, self._wire_format, self._last)
                    buffer.reserve(used + template.max_bytes())
                    used += template.put(track._sent, buffer.data + used)
                    buffer.add(body, template, used, memo.is_settled)
                    if self._is_stream:
                        self._last = body
            buffer.finish(first, track._sent)
        except BaseException:
            self._send(buffer, used)
            raise
        self._send(buffer, used)
        return 0

    cdef int _send(self, SendBuffer buffer, Py_ssize_t size) except -1:
        cdef Py_ssize_t sent = 0
        if self._link is None or size == 0:
            return 0
        if self._is_blocked and self._link.get_write_buffer_size() == 0:
            self._is_blocked = False
        if not self._is_blocked and self._fd >= 0:
            sent = max(guildway_send(self._fd, buffer.data, size), 0)
        if sent == size:
            buffer.trim()
            return 0
        return self._leave_to_link(buffer, sent, size)

    cdef int _leave_to_link(self, SendBuffer buffer, Py_ssize_t sent, Py_ssize_t size) except -1:
        """Go on when the socket is full or broken; the link finds out which."""
        cdef bytes rest = PyBytes_FromStringAndSize(buffer.data + sent, size - sent)
        cdef bint was_busy = self._is_busy
        buffer.trim()
        Py_INCREF(self)  # as in `_flush`
        self._is_blocked = self._is_busy = True
        try:
            self._link.write(rest)
        finally:
            self._is_busy = was_busy
            Py_DECREF(self)
        return 0


@cython.final
cdef class Track:
    """A session's dispatches: their numbers, the memory of the newest, and the outlet that they go to."""

    cdef Ring _ring
    cdef readonly long long seq
    cdef long long _sent
    cdef readonly Outlet outlet
    cdef bint _is_queued

    def __cinit__(self, *, max_events, max_bytes, long long seq=0):
        if max_events < 1:
            raise ValueError("at least the newest is remembered")
        if not 0 <= seq <= MAX_SEQ:
            raise ValueError("seq must be in 0..2**31-1")
        self._ring.max_events = max_events
        self._ring.max_bytes = max_bytes
        self.seq = self._sent = seq

    def __dealloc__(self):
        clear_ring(&self._ring)

    def attach(self, Outlet outlet):
        """Send later dispatches there; earlier ones still go to the previous outlet."""
        cdef Outlet before = self.outlet
        if before is outlet:
            return
        if before is not None:
            before._flush()
            before._track = None
        self.outlet = None
        if outlet is not None and outlet._link is not None:
            outlet._take(self)
            self.outlet = outlet
            self._sent = self.seq

    def push(self, body):
        """Number an event, remember it and have it sent; return its number."""
        self._push(body, body.size_bytes)
        return self.seq

    def has_all_after(self, seq):
        """Return whether no event after `seq` was forgotten. False for a `seq` that was never reached."""
        return self.seq - count_remembered(&self._ring) <= seq <= self.seq

    def after(self, seq):
        """Return the remembered dispatches after `seq`, with their numbers."""
        cdef Py_ssize_t back
        cdef Py_ssize_t first = min(count_remembered(&self._ring), max(self.seq - seq, 0))
        return [(self.seq - back + 1, <object>find_newest(&self._ring, back).body) for back in range(first, 0, -1)]

    def forget_up_to(self, seq):
        """Forget the dispatches that the client has. Do nothing when they were never sent."""
        if seq > self._sent:
            return
        while self._ring.count and self.seq - self._ring.count < seq:
            drop_oldest(&self._ring)

    def replay_after(self, seq):
        """Have everything after `seq` sent once more. Raises ValueError unless `has_all_after(seq)`."""
        if not self.has_all_after(seq):
            raise ValueError("not remembered")
        if self.outlet is not None:
            self.outlet._flush()
            self._sent = seq
            self._queue_pending()

    @property
    def has_pending(self):
        """Return whether there is something to send."""
        return self.outlet is not None and self._sent < self.seq

    @property
    def pending_bytes(self):
        """Return the size of the events that are to be sent."""
        cdef Py_ssize_t back
        cdef long long total = 0
        if self.outlet is not None:
            for back in range(self._count_pending(), 0, -1):
                total += find_newest(&self._ring, back).size_bytes
        return total

    cdef inline Py_ssize_t _count_pending(self) noexcept:
        """Return how many events are to be sent. These are the newest."""
        return min(self.seq - self._sent, count_remembered(&self._ring))

    cdef inline object _take_pending(self):
        """Take the next event to be sent, which must be there. It counts as sent from now on."""
        cdef Py_ssize_t back = self._count_pending()
        self._sent = self.seq - back + 1
        return <object>find_newest(&self._ring, back).body

    cdef inline void _fetch_pending(self) noexcept:
        """Prefetch the events to be sent, as far as they are one piece of memory."""
        cdef Py_ssize_t count
        cdef char* place
        if self._ring.newest == NULL:
            return
        count = min(self._count_pending(), self._ring.end)
        place = <char*>&self._ring.newest.places[self._ring.end - count]
        while count >= 0:
            guildway_prefetch(place)
            place += _LINE_BYTES
            count -= _LINE_BYTES // <Py_ssize_t>sizeof(Place)

    cdef inline void _fetch_next(self) noexcept:
        """Prefetch the place of the next event."""
        if self._ring.newest != NULL:
            guildway_prefetch(&self._ring.newest.places[self._ring.end])

    cdef bint _has_next(self, SendBuffer buffer) noexcept:
        """Return whether the buffer holds the frames of the newest events."""
        cdef Py_ssize_t index
        if self._ring.count < buffer.count:
            return False
        for index in range(buffer.count):
            if find_newest(&self._ring, buffer.count - index).body != buffer.frames[index].body:
                return False
        return True

    cdef inline int _queue_pending(self) except -1:
        if self.outlet is not None and self._sent < self.seq and not self._is_queued:
            self._is_queued = True
            self.outlet.queue.put(self)
        return 0

    cdef inline int _push(self, object body, unsigned int size_bytes) except -1:
        if self.seq - self._sent >= self._ring.max_events and self.outlet is not None:
            self.outlet._flush()
        if not has_room(&self._ring, size_bytes):
            self._make_room(size_bytes)
        append_event(&self._ring, body, size_bytes)
        self.seq += 1
        return self._queue_pending()

    cdef int _make_room(self, unsigned int size_bytes) except -1:
        """Forget the oldest until there is room for an event of this size. Unsent ones are sent first."""
        drop_forgotten(&self._ring)
        while self._ring.count and not has_room(&self._ring, size_bytes):
            if self.outlet is not None and self._sent <= self.seq - self._ring.count:
                self.outlet._flush()
            if self._ring.count:
                drop_oldest(&self._ring)
        return 0


def deliver(list tracks not None, slots, body):
    """Push `body` to the tracks in `slots`, a set of slots; an empty one is skipped. Return how many got it."""
    # The set is another one only when the plain twin is in use.
    cdef SlotSet recipients = slots if isinstance(slots, SlotSet) else SlotSet(slots)
    cdef unsigned int size_bytes = body.size_bytes
    cdef Py_ssize_t slot, index = 0, delivered = 0
    cdef uint64_t word
    # A push may run the link's code, so no pointer into the set or the list is kept over one.
    while index < recipients.size:
        word = recipients.words[index]
        while word:
            slot = index * 64 + guildway_ctz64(word)
            word &= word - 1
            track = tracks[slot]
            _fetch_ahead(tracks, slot)
            if track is not None:
                (<Track?>track)._push(body, size_bytes)
                delivered += 1
        index += 1
    return delivered


def collect_seqs(list tracks not None, bytearray noted not None):
    """Return the numbers of the tracks whose `seq` is not the noted one, as pairs (place, seq), and note them."""
    cdef Py_ssize_t place, count = PyList_GET_SIZE(tracks), changed = 0
    cdef unsigned int* known = <unsigned int*><char*>noted
    cdef unsigned int* pair
    cdef bytes pairs
    if len(noted) != count * 4:
        raise ValueError("four bytes are noted for each place")
    pairs = PyBytes_FromStringAndSize(NULL, count * 8)
    pair = <unsigned int*>PyBytes_AS_STRING(pairs)
    for place in range(count):
        track = tracks[place]
        if track is not None and <unsigned int>(<Track?>track).seq != known[place]:
            known[place] = <unsigned int>(<Track>track).seq
            pair[0], pair[1] = <unsigned int>place, known[place]
            pair += 2
            changed += 1
    return pairs[:changed * 8]


cdef inline int _fetch_ahead(list tracks, Py_ssize_t slot) except -1:
    """Prefetch the tracks of the next slots and the places of their next events."""
    cdef Py_ssize_t count = PyList_GET_SIZE(tracks)
    cdef PyObject* track
    if slot + 4 < count:
        track = <PyObject*>PyList_GET_ITEM(tracks, slot + 4)
        guildway_prefetch(track)
        guildway_prefetch(<char*>track + _LINE_BYTES)
    if slot + 2 < count:
        track = <PyObject*>PyList_GET_ITEM(tracks, slot + 2)
        if isinstance(<object>track, Track):
            (<Track>track)._fetch_next()
    return 0
