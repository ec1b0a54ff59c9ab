"""The datagrams that leave a media node, many with one call of the kernel. The text is in `departures_py.py`.

Buffers: departures own room for a batch of datagrams, which are encrypted where they lie, and forget them when the
kernel has taken them. A seal's `write_into` gets room for LONGEST_BYTES and keeps nothing of it. The functions of
libsrtp and libsodium are called by addresses that the seal was given: what these need lives for as long as the seal's
callable. The kernel's call runs without the GIL, and nothing else.

Python runs only between two datagrams, so `drop` may put others; an AEAD's `encrypt`, which runs within one, must not.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.unicode cimport PyUnicode_AsUTF8AndSize
from libc.errno cimport EAGAIN, EINTR, errno
from libc.stdint cimport uint16_t, uint64_t, uintptr_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy, memset

from core_ext.media.datagrams_c cimport (
    AF_INET,
    AF_INET6,
    MSG_DONTWAIT,
    htonl,
    htons,
    inet_pton,
    iovec,
    mmsghdr,
    sendmmsg,
    sockaddr_in,
    sockaddr_in6,
    sockaddr_storage,
    socklen_t,
)
from core_ext.media.nonces_c cimport OwnNonces
from core_ext.media.numbering_c cimport Numbering
from core_ext.media.passing_c cimport Passing

from core_ext.media import departures_py
from core_ext.media.nonces_c import NoncesUsedUp
from core_ext.media.departures_py import Refused

LONGEST_BYTES = departures_py.LONGEST_BYTES
LONGEST_SRTP_BYTES = departures_py.LONGEST_SRTP_BYTES

cdef enum:
    _BATCH = 64
    _LONGEST_BYTES = 2048
    _LONGEST_WORDS = 256
    _LONGEST_SRTP_BYTES = 1356
    _SHORTEST_SRTP_BYTES = 12
    # What libsrtp may write behind a packet: SRTP_MAX_TRAILER_LEN.
    _TRAILER_BYTES = 16 + 128
    _TAG_BYTES = 16
    _NONCE_BYTES = 4
    _KEY_BYTES = 32
    _XCHACHA_NONCE_BYTES = 24
    _PLAIN_HEADER_BYTES = 12
    _MISREAD_FIRST = 0xBE
    _MISREAD_SECOND = 0xDE
    _MOST_PORT = 0xFFFF

assert (LONGEST_BYTES, LONGEST_SRTP_BYTES) == (_LONGEST_BYTES, _LONGEST_SRTP_BYTES)
assert LONGEST_SRTP_BYTES + _TRAILER_BYTES <= LONGEST_BYTES
assert (departures_py.SHORTEST_SRTP_BYTES, departures_py.TAG_BYTES, departures_py.NONCE_BYTES) == (
    _SHORTEST_SRTP_BYTES,
    _TAG_BYTES,
    _NONCE_BYTES,
)
assert departures_py.MISREAD == bytes((_MISREAD_FIRST, _MISREAD_SECOND))

# int srtp_protect(srtp_t, void* packet, int* length)
ctypedef int (*Protect)(void*, void*, int*) noexcept nogil
# int crypto_aead_xchacha20poly1305_ietf_encrypt(c, &c_size, m, m_size, ad, ad_size, NULL, nonce, key)
ctypedef int (*Encrypt)(
    unsigned char*, unsigned long long*, const unsigned char*, unsigned long long,
    const unsigned char*, unsigned long long, const unsigned char*, const unsigned char*, const unsigned char*,
) noexcept nogil


cdef enum Refusal:
    LATE = -1
    LONG = -2
    NO_NONCE = -3
    NO_KEYS = -4
    FAILED = -5

cdef dict _WORDS = {LATE: "late", LONG: "long", NO_NONCE: "no nonce", NO_KEYS: "no keys"}


cdef class Seal:
    """The key of one receiver, and how far it has counted."""

    cdef int write_into(self, unsigned char* room, bytes head, bytes body, object ssrc, long long number) except FAILED:
        """Write a packet into LONGEST_BYTES of room; return its size, or a Refusal."""
        raise NotImplementedError

    def write(self, bytes head not None, bytes body not None, ssrc, long long number):
        """Return a packet as the receiver gets it. Raises Refused."""
        cdef uint64_t room[_LONGEST_WORDS]  # libsrtp wants words
        cdef int size = self.write_into(<unsigned char*>room, head, body, ssrc, number)
        if size < 0:
            raise Refused(_WORDS[size])
        return PyBytes_FromStringAndSize(<char*>room, size)


@cython.final
cdef class SrtpSeal(Seal):
    """SRTP. The text is in the plain twin."""

    cdef object _protect
    cdef Numbering _numbers
    cdef void* _context
    cdef Protect _function

    def __cinit__(self, protect, *, uintptr_t context, uintptr_t function):
        if not context or not function:
            raise ValueError("the addresses must not be 0")
        self._protect = protect
        self._numbers = Numbering()
        self._context = <void*>context
        self._function = <Protect>function

    cdef int write_into(self, unsigned char* room, bytes head, bytes body, object ssrc, long long number) except FAILED:
        cdef Py_ssize_t head_size = PyBytes_GET_SIZE(head)
        cdef Py_ssize_t body_size = PyBytes_GET_SIZE(body)
        cdef int size
        cdef long long sequence
        if head_size < _SHORTEST_SRTP_BYTES or head_size > _LONGEST_SRTP_BYTES - body_size:
            return LONG
        sequence = self._numbers.take(ssrc, number)
        if sequence < 0:
            return LATE
        memcpy(room, PyBytes_AS_STRING(head), head_size)
        memcpy(room + head_size, PyBytes_AS_STRING(body), body_size)
        room[2] = <unsigned char>(sequence >> 8)
        room[3] = <unsigned char>(sequence & 0xFF)
        size = <int>(head_size + body_size)
        return size if self._function(self._context, room, &size) == 0 else LATE

    def find_number(self, ssrc, sequence):
        """Return the sender's number of a packet that the receiver has not got; None when it knows no such stream."""
        return self._numbers.find(ssrc, sequence)

    def forget(self, ssrc):
        """Forget how far a stream is."""
        self._numbers.forget(ssrc)


@cython.final
cdef class AeadSeal(Seal):
    """An AEAD with nonces of four bytes on the wire. The text is in the plain twin."""

    cdef object _encrypt
    cdef OwnNonces _nonces
    cdef unsigned char _key[_KEY_BYTES]
    cdef Encrypt _function

    def __cinit__(self, encrypt, *, bytes key not None, uintptr_t function, count=0):
        if function:
            if PyBytes_GET_SIZE(key) != _KEY_BYTES:
                raise ValueError("the key must have 32 bytes")
            memcpy(self._key, PyBytes_AS_STRING(key), _KEY_BYTES)
        self._encrypt = encrypt
        self._nonces = OwnNonces(count)
        self._function = <Encrypt>function

    def __dealloc__(self):
        memset(self._key, 0, _KEY_BYTES)

    cdef int write_into(self, unsigned char* room, bytes head, bytes body, object ssrc, long long number) except FAILED:
        cdef Py_ssize_t head_size = PyBytes_GET_SIZE(head)
        cdef Py_ssize_t body_size = PyBytes_GET_SIZE(body)
        cdef unsigned char* content = room + head_size
        cdef bytes nonce
        if head_size > _LONGEST_BYTES - body_size - _TAG_BYTES - _NONCE_BYTES:
            return LONG
        while True:
            try:
                nonce = self._nonces.take()
            except NoncesUsedUp:
                return NO_NONCE
            self._encrypt_into(content, head, body, nonce)
            if head_size != _PLAIN_HEADER_BYTES or content[0] != _MISREAD_FIRST or content[1] != _MISREAD_SECOND:
                break
        memcpy(room, PyBytes_AS_STRING(head), head_size)
        memcpy(content + body_size + _TAG_BYTES, PyBytes_AS_STRING(nonce), _NONCE_BYTES)
        return <int>(head_size + body_size + _TAG_BYTES + _NONCE_BYTES)

    cdef int _encrypt_into(self, unsigned char* room, bytes head, bytes body, bytes nonce) except -1:
        cdef bytes sealed
        if self._function != NULL:
            self._encrypt_by_libsodium(room, head, body, nonce)
            return 0
        sealed = self._encrypt(body, head, nonce)
        if PyBytes_GET_SIZE(sealed) != PyBytes_GET_SIZE(body) + _TAG_BYTES:
            raise ValueError("what is encrypted must be 16 bytes longer")
        memcpy(room, PyBytes_AS_STRING(sealed), PyBytes_GET_SIZE(sealed))
        return 0

    cdef void _encrypt_by_libsodium(self, unsigned char* room, bytes head, bytes body, bytes nonce) noexcept:
        cdef unsigned char whole[_XCHACHA_NONCE_BYTES]
        memset(whole, 0, _XCHACHA_NONCE_BYTES)
        memcpy(whole, PyBytes_AS_STRING(nonce), _NONCE_BYTES)
        self._function(
            room,
            NULL,
            <const unsigned char*>PyBytes_AS_STRING(body),
            PyBytes_GET_SIZE(body),
            <const unsigned char*>PyBytes_AS_STRING(head),
            PyBytes_GET_SIZE(head),
            NULL,
            whole,
            self._key,
        )


cdef socklen_t _write_address(object address, sockaddr_storage* room) except? 0:
    """Write an address as the kernel wants it; return its size, 0 when it is none."""
    cdef sockaddr_in* four = <sockaddr_in*>room
    cdef sockaddr_in6* six = <sockaddr_in6*>room
    cdef const char* text = PyUnicode_AsUTF8AndSize(address[0], NULL)
    cdef long long port = address[1]
    memset(room, 0, sizeof(sockaddr_storage))
    if not 0 <= port <= _MOST_PORT:
        return 0
    if inet_pton(AF_INET, text, &four.sin_addr) == 1:
        four.sin_family = AF_INET
        four.sin_port = htons(<uint16_t>port)
        return sizeof(sockaddr_in)
    if inet_pton(AF_INET6, text, &six.sin6_addr) == 1:
        six.sin6_family = AF_INET6
        six.sin6_port = htons(<uint16_t>port)
        if len(address) == 4:
            six.sin6_flowinfo = htonl(address[2])
            six.sin6_scope_id = address[3]
        return sizeof(sockaddr_in6)
    return 0


@cython.final
cdef class Receiver:
    """Where one client gets its packets, and with which key. The text is in the plain twin."""

    cdef object _address
    cdef sockaddr_storage _place
    cdef socklen_t _place_size
    cdef Seal _seal
    cdef public unsigned long long bytes_sent

    @property
    def address(self):
        """The address."""
        return self._address

    @address.setter
    def address(self, address):
        if address is not None and address != self._address:
            self._place_size = _write_address(address, &self._place)
        self._address = address

    @property
    def seal(self):
        """The key."""
        return self._seal

    @seal.setter
    def seal(self, Seal seal):
        self._seal = seal


cdef struct Place:
    iovec piece
    sockaddr_storage address
    unsigned char datagram[_LONGEST_BYTES]


@cython.final
cdef class Departures:
    """The datagrams. The text is in the plain twin."""

    cdef object _sock
    cdef object _drop
    cdef Place* _places
    cdef mmsghdr* _messages
    cdef int _count
    cdef bint _is_held
    cdef bint _is_sending

    def __cinit__(self, sock, drop):
        self._sock = sock
        self._drop = drop
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
            self._messages[index].msg_hdr.msg_name = &self._places[index].address
            self._messages[index].msg_hdr.msg_iov = &self._places[index].piece
            self._messages[index].msg_hdr.msg_iovlen = 1

    def put(self, bytes datagram not None, address not None):
        """Send a datagram as it is."""
        cdef sockaddr_storage room
        cdef socklen_t size = _write_address(address, &room)
        cdef Place* place
        if PyBytes_GET_SIZE(datagram) > _LONGEST_BYTES:
            self._drop("long")
            return
        place = self._take_place()
        memcpy(place.datagram, PyBytes_AS_STRING(datagram), PyBytes_GET_SIZE(datagram))
        self._add(&room, size, <int>PyBytes_GET_SIZE(datagram))
        if not self._is_held:
            self._send()

    def pass_on(self, audience, Passing passing not None, speaker=None):
        """Send a packet to an audience; return how many datagrams these are, and their bytes."""
        cdef long long count = 0
        cdef long long total = 0
        cdef tuple parts
        for form, receivers in audience:
            parts = passing.write(form)
            self._put_all(receivers, parts[0], parts[1], passing.ssrc, passing.number, speaker, &count, &total)
        if not self._is_held:
            self._send()
        return count, total

    def put_all(self, receivers, bytes head not None, bytes body not None, ssrc, long long number, speaker=None):
        """Send a packet to each receiver but the speaker; return how many datagrams these are, and their bytes."""
        cdef long long count = 0
        cdef long long total = 0
        self._put_all(receivers, head, body, ssrc, number, speaker, &count, &total)
        if not self._is_held:
            self._send()
        return count, total

    cdef int _put_all(
        self, object receivers, bytes head, bytes body, object ssrc, long long number, object speaker,
        long long* count, long long* total,
    ) except -1:
        cdef Receiver receiver
        cdef int size
        for receiver in receivers:
            if receiver._address is None or receiver is speaker:
                continue
            size = self._write(receiver, head, body, ssrc, number)
            if size < 0:
                self._drop(_WORDS[size])
                continue
            count[0] += 1
            total[0] += size
            receiver.bytes_sent += size
            self._add(&receiver._place, receiver._place_size, size)
        return 0

    def hold(self):
        """Wait for `release`: more is about to be put."""
        self._is_held = True

    def release(self):
        """Send what waits."""
        self._is_held = False
        self._send()

    cdef int _write(self, Receiver receiver, bytes head, bytes body, object ssrc, long long number) except FAILED:
        # The seal is held here, since an AEAD's callable may change the receiver.
        cdef Seal seal = receiver._seal
        if seal is None:
            return NO_KEYS
        return seal.write_into(self._take_place().datagram, head, body, ssrc, number)

    cdef Place* _take_place(self) except NULL:
        """Return the place for the next datagram, after sending when there is none."""
        while self._count == _BATCH:
            self._send()
        return &self._places[self._count]

    cdef int _add(self, sockaddr_storage* address, socklen_t address_size, int size) except -1:
        """Count the datagram in the place that was taken last."""
        cdef Place* place
        if self._count >= _BATCH:
            raise RuntimeError("an AEAD's callable must not put datagrams")
        if address_size == 0:
            self._drop("unreachable")
            return 0
        place = &self._places[self._count]
        place.address = address[0]
        place.piece.iov_len = size
        self._messages[self._count].msg_hdr.msg_namelen = address_size
        self._count += 1
        return 0

    cdef int _send(self) except -1:
        """Hand all datagrams to the kernel."""
        cdef int fd, sent, error
        cdef int done = 0
        cdef int full = 0
        cdef int unreachable = 0
        if self._count == 0:
            return 0
        if self._is_sending:
            raise RuntimeError("departures are of one thread")
        fd = self._sock.fileno()  # -1 of a closed one: its number may be another's by now
        self._is_sending = True
        while done < self._count:
            with nogil:
                sent = sendmmsg(fd, &self._messages[done], self._count - done, MSG_DONTWAIT)
                error = errno
            if sent > 0:
                done += sent
            elif error == EAGAIN:
                full = self._count - done
                break
            elif error != EINTR:
                unreachable += 1
                done += 1
        self._count = 0
        self._is_sending = False
        for _ in range(full):
            self._drop("full")
        for _ in range(unreachable):
            self._drop("unreachable")
        return 0
