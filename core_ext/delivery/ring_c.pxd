# A session's memory of its dispatches: the newest events, oldest first. A part of the delivery kernel; the text is in
# delivery_c.pyx.
#
# It is a chain of chunks and not one array. Sessions that get the same events fill their chunks at the same time, so
# the places that an event is written to lie close together. With arrays, each session's place was on a page of its
# own, and the walk and the queue waited for memory during over half of their time (benchmark `fanout`, under a
# sampling profiler). A chunk is freed when the last of its events is forgotten.
#
# The functions own the chunks and a reference to each body. The garbage collector does not look into the ring, because
# bodies know nothing of sessions. No function calls code of the callers.

from cpython.mem cimport PyMem_Free, PyMem_Malloc
from cpython.ref cimport Py_DECREF, Py_INCREF, PyObject

cdef enum:
    # Idle sessions have two events, READY and GUILD_CREATE.
    _FIRST_PLACES = 6
    _PLACES = 32

cdef packed struct Place:
    # One event, packed so that it touches one cache line.
    PyObject* body
    unsigned int size_bytes

cdef struct Chunk:
    Chunk* older
    Chunk* newer
    # The number of the following places.
    int size
    Place places[1]

cdef struct Ring:
    # The events from place `first` of the oldest chunk to before place `end` of the newest; chunks between them are
    # full. NULL without events. `count` and `size_bytes` are of all that are there: past `max_events` the oldest count
    # as forgotten, and go a chunk's worth at a time.
    Chunk* newest
    int end
    int count
    int max_events
    int first
    long long size_bytes
    long long max_bytes
    Chunk* oldest


cdef inline int count_remembered(Ring* ring) noexcept:
    """Return the number of events that are not forgotten."""
    return min(ring.count, ring.max_events)


cdef inline bint has_room(Ring* ring, unsigned int size_bytes) noexcept:
    """Return whether one more event of this size fits."""
    return ring.count < ring.max_events + _PLACES and ring.size_bytes + size_bytes <= ring.max_bytes


cdef inline void drop_forgotten(Ring* ring) noexcept:
    while ring.count > ring.max_events:
        drop_oldest(ring)


cdef inline Place* find_newest(Ring* ring, Py_ssize_t back) noexcept:
    """Return the place of the newest event (1), the one before it (2), …, which must be there."""
    cdef Chunk* chunk = ring.newest
    cdef Py_ssize_t place = ring.end - back
    while place < 0:
        chunk = chunk.older
        place += chunk.size
    return &chunk.places[place]


cdef inline int append_event(Ring* ring, object body, unsigned int size_bytes) except -1:
    """Append an event. There must be room."""
    cdef Place* place
    if ring.newest == NULL or ring.end == ring.newest.size:
        append_chunk(ring, _FIRST_PLACES if ring.newest == NULL else _PLACES)
    place = &ring.newest.places[ring.end]
    Py_INCREF(body)
    place.body, place.size_bytes = <PyObject*>body, size_bytes
    ring.end += 1
    ring.count += 1
    ring.size_bytes += size_bytes
    return 0


cdef inline int append_chunk(Ring* ring, int size) except -1:
    cdef Chunk* chunk = <Chunk*>PyMem_Malloc(sizeof(Chunk) + (size - 1) * sizeof(Place))
    if chunk == NULL:
        raise MemoryError
    chunk.older, chunk.newer, chunk.size = ring.newest, NULL, size
    if ring.newest == NULL:
        ring.oldest, ring.first = chunk, 0
    else:
        ring.newest.newer = chunk
    ring.newest, ring.end = chunk, 0
    return 0


cdef inline void drop_oldest(Ring* ring) noexcept:
    """There is one."""
    cdef Place* place = &ring.oldest.places[ring.first]
    cdef PyObject* body = place.body
    ring.size_bytes -= place.size_bytes
    ring.first += 1
    ring.count -= 1
    if ring.count == 0 or ring.first == ring.oldest.size:
        drop_chunk(ring)
    Py_DECREF(<object>body)


cdef inline void drop_chunk(Ring* ring) noexcept:
    """Free the oldest chunk, all of which is forgotten."""
    cdef Chunk* chunk = ring.oldest
    ring.oldest, ring.first = chunk.newer, 0
    if ring.oldest == NULL:
        ring.newest, ring.end = NULL, 0
    else:
        ring.oldest.older = NULL
    PyMem_Free(chunk)


cdef inline void clear_ring(Ring* ring) noexcept:
    """Forget everything and free all memory."""
    while ring.count:
        drop_oldest(ring)
