"""The datagrams that wait at a UDP socket, with one call of the kernel. The text is in `arrivals_py.py`.

Buffers: there is one for a batch of datagrams, which each `read` fills anew; what it returns are copies.
Addresses are the same objects as long as they are remembered, since a client sends from one address.
"""

cimport cython
from cpython.bytes cimport PyBytes_FromStringAndSize
from libc.stdlib cimport calloc, free
from libc.string cimport memset

from core_ext.media.datagrams_c cimport (
    AF_INET,
    AF_INET6,
    INET6_ADDRSTRLEN,
    MSG_DONTWAIT,
    inet_ntop,
    iovec,
    mmsghdr,
    ntohl,
    ntohs,
    recvmmsg,
    sockaddr_in,
    sockaddr_in6,
    sockaddr_storage,
)

from core_ext.media import arrivals_py

BATCH = arrivals_py.BATCH
LONGEST_BYTES = arrivals_py.LONGEST_BYTES

cdef enum:
    _BATCH = 64
    _LONGEST_BYTES = 2048
    # Strangers can send from any address, so what is remembered has an end.
    _MOST_ADDRESSES = 8192
    _MOST_TEXT_BYTES = 64

assert (BATCH, LONGEST_BYTES) == (_BATCH, _LONGEST_BYTES)
assert INET6_ADDRSTRLEN <= _MOST_TEXT_BYTES


cdef struct Place:
    sockaddr_storage address
    iovec piece
    char datagram[_LONGEST_BYTES]


cdef object _read_address(sockaddr_storage* address):
    """Return an address as the module `socket` writes it; None for a family that it is not used with."""
    cdef char text[_MOST_TEXT_BYTES]
    cdef sockaddr_in* four = <sockaddr_in*>address
    cdef sockaddr_in6* six = <sockaddr_in6*>address
    if address.ss_family == AF_INET:
        if inet_ntop(AF_INET, &four.sin_addr, text, _MOST_TEXT_BYTES) == NULL:
            return None
        return (<bytes>text).decode("ascii"), ntohs(four.sin_port)
    if address.ss_family == AF_INET6:
        if inet_ntop(AF_INET6, &six.sin6_addr, text, _MOST_TEXT_BYTES) == NULL:
            return None
        return (<bytes>text).decode("ascii"), ntohs(six.sin6_port), ntohl(six.sin6_flowinfo), six.sin6_scope_id
    return None


@cython.final
cdef class Arrivals:
    """Reads a socket. The text is in the plain twin."""

    cdef object _sock
    cdef dict _addresses
    cdef Place* _places
    cdef mmsghdr* _messages
    cdef int _count

    def __cinit__(self, sock):
        self._sock = sock
        self._addresses = {}
        self._places = <Place*>calloc(_BATCH, sizeof(Place))
        self._messages = <mmsghdr*>calloc(_BATCH, sizeof(mmsghdr))
        if self._places == NULL or self._messages == NULL:
            raise MemoryError
        self._prepare()

    def __dealloc__(self):
        free(self._places)
        free(self._messages)

    cdef void _prepare(self) noexcept:
        cdef int index
        for index in range(_BATCH):
            self._places[index].piece.iov_base = self._places[index].datagram
            self._places[index].piece.iov_len = _LONGEST_BYTES
            self._messages[index].msg_hdr.msg_name = &self._places[index].address
            self._messages[index].msg_hdr.msg_namelen = sizeof(sockaddr_storage)
            self._messages[index].msg_hdr.msg_iov = &self._places[index].piece
            self._messages[index].msg_hdr.msg_iovlen = 1

    def read(self):
        """Return up to BATCH datagrams, each with the address that it has come from."""
        cdef int fd = self._sock.fileno()
        cdef int index
        cdef list taken = []
        for index in range(self._count):  # the kernel has written addresses, and their lengths
            memset(&self._places[index].address, 0, sizeof(sockaddr_storage))
            self._messages[index].msg_hdr.msg_namelen = sizeof(sockaddr_storage)
        with nogil:
            self._count = recvmmsg(fd, self._messages, _BATCH, MSG_DONTWAIT, NULL)
        for index in range(self._count):
            datagram = PyBytes_FromStringAndSize(self._places[index].datagram, self._messages[index].msg_len)
            taken.append((datagram, self._find_address(index)))
        return taken

    cdef object _find_address(self, int index):
        cdef bytes key = PyBytes_FromStringAndSize(
            <char*>&self._places[index].address, self._messages[index].msg_hdr.msg_namelen
        )
        address = self._addresses.get(key)
        if address is None:
            address = _read_address(&self._places[index].address)
            if len(self._addresses) >= _MOST_ADDRESSES:
                self._addresses.clear()
            self._addresses[key] = address
        return address
