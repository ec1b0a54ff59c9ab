# What a session remembers of its dispatches: the newest events, oldest first. For `delivery_c`; what for is told in delivery_py.py.
#
# The functions own what is in the ring: a reference to each body, and the array of places. The garbage collector does not look
# into it: bodies know nothing of sessions. Nothing here calls anything of the callers.

from cpython.mem cimport PyMem_Free, PyMem_Malloc
from cpython.ref cimport Py_DECREF, Py_INCREF, PyObject

cdef enum:
    _FIRST_PLACES = 8

cdef packed struct Place:
    # One event. Packed: rings are long, and what an event touches should be one cache line.
    PyObject* body
    unsigned int size_bytes

cdef struct Ring:
    # `count` events from place `first` on, of `size` places; their bytes, and how much of both is remembered at most.
    Place* places
    int first
    int count
    int size
    int max_events
    long long size_bytes
    long long max_bytes


cdef inline Place* place_of(Ring* ring, Py_ssize_t index) noexcept:
    """Of the `index`th event; there is one, or room for it."""
    cdef Py_ssize_t place = ring.first + index
    return &ring.places[place - ring.size if place >= ring.size else place]


cdef inline bint has_room(Ring* ring, unsigned int size_bytes) noexcept:
    """Whether one more event of this size may be remembered beside the others."""
    return ring.count < ring.max_events and ring.size_bytes + size_bytes <= ring.max_bytes


cdef inline bint can_replace(Ring* ring, unsigned int size_bytes) noexcept:
    """Whether the ring is full of events, and one of this size would do with the oldest one's bytes."""
    return (
        ring.count == ring.max_events
        and ring.size_bytes - ring.places[ring.first].size_bytes + size_bytes <= ring.max_bytes
    )


cdef inline void replace_oldest(Ring* ring, object body, unsigned int size_bytes) noexcept:
    """What dropping and appending come to in a full ring: the place of the oldest is the one behind the newest."""
    cdef Place* place = &ring.places[ring.first]
    cdef PyObject* oldest = place.body
    Py_INCREF(body)
    ring.size_bytes += <long long>size_bytes - place.size_bytes
    place.body, place.size_bytes = <PyObject*>body, size_bytes
    ring.first = 0 if ring.first + 1 == ring.size else ring.first + 1
    Py_DECREF(<object>oldest)


cdef inline int append_event(Ring* ring, object body, unsigned int size_bytes) except -1:
    """There is room."""
    cdef Place* place
    if ring.count == ring.size:
        resize_ring(ring, min(max(ring.size * 2, _FIRST_PLACES), ring.max_events))
    place = place_of(ring, ring.count)
    Py_INCREF(body)
    place.body, place.size_bytes = <PyObject*>body, size_bytes
    ring.count += 1
    ring.size_bytes += size_bytes
    return 0


cdef inline void drop_oldest(Ring* ring) noexcept:
    """There is one."""
    cdef Place* place = &ring.places[ring.first]
    cdef PyObject* body = place.body
    ring.size_bytes -= place.size_bytes
    ring.first = 0 if ring.first + 1 == ring.size else ring.first + 1
    ring.count -= 1
    Py_DECREF(<object>body)


cdef inline int resize_ring(Ring* ring, int size) except -1:
    """So many places, of which there must be enough; the oldest event is in the first one then."""
    cdef Place* places = NULL
    cdef Py_ssize_t index
    if size:
        places = <Place*>PyMem_Malloc(size * sizeof(Place))
        if places == NULL:
            raise MemoryError
    for index in range(ring.count):
        places[index] = place_of(ring, index)[0]
    PyMem_Free(ring.places)
    ring.places, ring.first, ring.size = places, 0, size
    return 0


cdef inline int give_places_back(Ring* ring) except -1:
    """Some were dropped: where most places are empty, half of what is left is enough to begin with."""
    if ring.count == 0:
        return resize_ring(ring, 0)
    if ring.size > _FIRST_PLACES and ring.count * 4 <= ring.size:
        return resize_ring(ring, min(max(ring.count * 2, _FIRST_PLACES), ring.max_events))
    return 0


cdef inline void clear_ring(Ring* ring) noexcept:
    """Nothing is remembered any more, and nothing held."""
    while ring.count:
        drop_oldest(ring)
    PyMem_Free(ring.places)
    ring.places, ring.first, ring.size = NULL, 0, 0
