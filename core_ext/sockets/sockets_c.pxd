# The sockets' state and the system calls under them. The text is in sockets_c.pyx.

from libc.stdint cimport uint32_t, uint64_t

from core_ext.sockets.intake_c cimport Intake
from core_ext.sockets.websocket_c cimport Fragments, Frame, Limits

cdef extern from "sockets_epoll.h":
    ctypedef struct guildway_event:
        pass
    cdef enum:
        GUILDWAY_IN
        GUILDWAY_OUT
    int guildway_epoll() noexcept
    int guildway_wait(int epoll, guildway_event* events, int count) noexcept
    uint64_t guildway_event_data(guildway_event* event) noexcept
    uint32_t guildway_event_mask(guildway_event* event) noexcept
    int guildway_ask(int epoll, int fd, uint32_t mask, uint64_t data, int is_new) noexcept
    void guildway_forget(int epoll, int fd) noexcept
    int guildway_accept(int fd, char* text, int size) noexcept
    Py_ssize_t guildway_receive(int fd, unsigned char* data, size_t size) noexcept
    Py_ssize_t guildway_transmit(int fd, const char* data, size_t size) noexcept
    void guildway_shut(int fd) noexcept
    void guildway_close(int fd) noexcept
    const unsigned char* guildway_find_end(const unsigned char* data, size_t size) noexcept


cdef class Socket:
    cdef SocketTable _table
    cdef readonly str address
    cdef public object receiver
    cdef Intake _intake
    # The part of the client's request or frame that has come.
    cdef unsigned char* _data
    # The bytes that wait to be sent: `_waiting` of them from `_first` on, in `_places`.
    cdef char* _out
    cdef size_t _first
    cdef size_t _waiting
    cdef size_t _places
    cdef Fragments _fragments
    cdef uint32_t _size
    cdef uint32_t _id
    cdef int _fd
    cdef unsigned char _mask
    cdef unsigned char _state
    cdef unsigned char _is_corked
    cdef unsigned char _is_told
    cdef unsigned char _is_shut
    cdef unsigned char _is_ended_by_client

    cdef void _free(self) noexcept
    cdef int _keep(self, const unsigned char* data, Py_ssize_t size) except -1
    cdef int _put(self, const char* data, Py_ssize_t size) except -1
    cdef int _append(self, const char* data, size_t size) except -1
    cdef int _send_waiting(self) except -1
    cdef int _arrange(self) except -1
    cdef uint64_t _event_data(self) noexcept


cdef class SocketTable:
    cdef object _owner
    cdef object _clock
    cdef object _requests
    cdef object _drains
    cdef object _listening
    cdef list _by_fd
    cdef Py_ssize_t _count
    cdef unsigned char* _buffer
    cdef Limits _limits
    cdef readonly double now_s
    cdef double _request_s
    cdef double _drain_s
    cdef size_t _max_buffered_bytes
    cdef Py_ssize_t _max_request_bytes
    cdef uint32_t _last_id
    cdef int _epoll
    cdef int _listening_fd
    cdef bint _is_paused

    cdef Socket _find(self, uint64_t data)
    cdef int _ask_listening(self) except -1
    cdef int _begin_drain(self, Socket sock) except -1
    cdef int _lose_late(self, waiting, int state, double now_s) except -1
    cdef int _lose(self, Socket sock) except -1
    cdef int _call(self, Socket sock, method, argument) except -1
    cdef int _accept(self) except -1
    cdef int _add(self, int fd, str address) except -1
    cdef int _read(self, Socket sock) except -1
    cdef int _take_end(self, Socket sock) except -1
    cdef Py_ssize_t _take_request(self, Socket sock, Py_ssize_t size) except -1
    cdef int _take_frames(self, Socket sock, Py_ssize_t start, Py_ssize_t end) except -1
    cdef int _take_frame(self, Socket sock, Frame* frame) except -1
