# Reading a client's WebSocket frames, for `websocket_c` and `sockets_c`. The text is in websocket_c.pyx.
#
# The functions work in the caller's buffer, which they unmask in place. They keep only an unfinished message in
# `Fragments`, malloced memory of the caller's that `clear_fragments` frees.

from libc.stdint cimport uint64_t
from libc.stdlib cimport free, realloc
from libc.string cimport memcpy

cdef enum:
    FRAME_CONTINUATION = 0
    FRAME_TEXT = 1
    FRAME_BINARY = 2
    FRAME_CLOSE = 8
    FRAME_PING = 9
    FRAME_PONG = 10

cdef enum:
    REFUSED_PROTOCOL = 1
    REFUSED_SIZE = 2
    REFUSED_TEXT = 3
    REFUSED_MEMORY = 4

cdef enum:
    # The size of header and mask of the largest frame.
    MAX_HEAD = 14
    _MAX_CONTROL_BYTES = 125

cdef struct Limits:
    uint64_t max_bytes
    int max_fragments

cdef struct Fragments:
    # The unfinished message: `size` bytes, in `count` frames so far, begun with `opcode`; 0 when there is none.
    unsigned char* data
    unsigned int size
    unsigned short count
    unsigned char opcode

cdef struct Frame:
    # The frame that was read. `payload` is valid until the next call: in the caller's buffer, or in `Fragments` when
    # `is_joined`.
    unsigned char* payload
    Py_ssize_t size
    int opcode
    # Whether it is a whole message or a control frame, and not a fragment that was stored.
    bint is_whole
    bint is_joined
    int refusal


cdef inline void clear_fragments(Fragments* fragments) noexcept:
    free(fragments.data)
    fragments.data = NULL
    fragments.size = 0
    fragments.count = 0
    fragments.opcode = 0


cdef inline bint is_utf8(const unsigned char* data, Py_ssize_t size) noexcept:
    """Return whether bytes are UTF-8 (Unicode 15, table 3-7): nothing overlong, no surrogates, none past U+10FFFF."""
    cdef Py_ssize_t index = 0
    cdef uint64_t word
    cdef unsigned char first, low, high
    cdef int more
    while index < size:
        if index + 8 <= size:
            memcpy(&word, data + index, 8)
            if word & <uint64_t>0x8080808080808080 == 0:
                index += 8
                continue
        first = data[index]
        index += 1
        if first < 0x80:
            continue
        if first < 0xC2 or first > 0xF4:
            return False
        more = 1 if first < 0xE0 else 2 if first < 0xF0 else 3
        if index + more > size:
            return False
        low = 0xA0 if first == 0xE0 else 0x90 if first == 0xF0 else 0x80
        high = 0x9F if first == 0xED else 0x8F if first == 0xF4 else 0xBF
        if data[index] < low or data[index] > high:
            return False
        index += 1
        more -= 1
        while more:
            if data[index] & 0xC0 != 0x80:
                return False
            index += 1
            more -= 1
    return True


cdef inline void unmask(unsigned char* data, Py_ssize_t size, const unsigned char* mask) noexcept:
    cdef unsigned char repeated[8]
    cdef uint64_t mask_word, word
    cdef Py_ssize_t index = 0
    memcpy(repeated, mask, 4)
    memcpy(repeated + 4, mask, 4)
    memcpy(&mask_word, repeated, 8)
    while index + 8 <= size:
        memcpy(&word, data + index, 8)
        word ^= mask_word
        memcpy(data + index, &word, 8)
        index += 8
    while index < size:
        data[index] ^= repeated[index & 7]
        index += 1


cdef inline bint is_bad_head(unsigned char first, unsigned char second, bint is_within) noexcept:
    """Return why a header is refused, or 0. `is_within`: a message is unfinished."""
    cdef int opcode = first & 0x0F
    if first & 0x70 or second < 0x80:
        return True
    if opcode >= FRAME_CLOSE:
        return opcode > FRAME_PONG or first < 0x80 or second & 0x7F > _MAX_CONTROL_BYTES
    return opcode > FRAME_BINARY or (opcode == FRAME_CONTINUATION) != is_within


cdef inline bint is_bad_close(const unsigned char* payload, Py_ssize_t size) noexcept:
    cdef int code
    if size == 0:
        return False
    if size == 1:
        return True
    code = payload[0] << 8 | payload[1]
    if not (1000 <= code <= 1003 or 1007 <= code <= 1014 or 3000 <= code <= 4999):
        return True
    return not is_utf8(payload + 2, size - 2)


cdef inline int join_fragment(Fragments* fragments, Frame* frame, bint is_final, int max_fragments) noexcept:
    """Store a fragment; the last one makes the frame whole. Return a refusal, or 0."""
    cdef unsigned char* grown
    if frame.size:
        grown = <unsigned char*>realloc(fragments.data, fragments.size + frame.size)
        if grown == NULL:
            return REFUSED_MEMORY
        memcpy(grown + fragments.size, frame.payload, frame.size)
        fragments.data = grown
        fragments.size += <unsigned int>frame.size
    fragments.count += 1
    if frame.opcode != FRAME_CONTINUATION:
        fragments.opcode = <unsigned char>frame.opcode
    if not is_final:
        return REFUSED_SIZE if fragments.count >= max_fragments else 0
    frame.opcode = fragments.opcode
    frame.payload = fragments.data
    frame.size = fragments.size
    frame.is_whole = frame.is_joined = True
    return 0


cdef inline Py_ssize_t read_frame(
    Fragments* fragments, unsigned char* data, Py_ssize_t size, const Limits* limits, Frame* frame
) noexcept:
    """Read the frame at the beginning of `data`; return its size, 0 when it is not complete or was refused.

    The caller clears a joined frame's fragments when it has used the payload.
    """
    cdef uint64_t length, least
    cdef Py_ssize_t start, index
    frame.is_whole = frame.is_joined = False
    frame.refusal = 0
    if size < 2:
        return 0
    if is_bad_head(data[0], data[1], fragments.opcode != 0):
        frame.refusal = REFUSED_PROTOCOL
        return 0
    frame.opcode = data[0] & 0x0F
    length = data[1] & 0x7F
    start = 4 if length == 126 else 10 if length == 127 else 2
    if size < start:
        return 0
    if start > 2:
        least = 126 if start == 4 else 65536
        length = 0
        for index in range(2, start):
            length = length << 8 | data[index]
        if length < least or length >> 63:
            frame.refusal = REFUSED_PROTOCOL
            return 0
    if frame.opcode < FRAME_CLOSE and (length > limits.max_bytes or length + fragments.size > limits.max_bytes):
        frame.refusal = REFUSED_SIZE
        return 0
    if <uint64_t>size < <uint64_t>start + 4 + length:
        return 0
    frame.payload = data + start + 4
    frame.size = <Py_ssize_t>length
    unmask(frame.payload, frame.size, data + start)
    if frame.opcode >= FRAME_CLOSE or (frame.opcode != FRAME_CONTINUATION and data[0] >= 0x80):
        frame.is_whole = True
    else:
        frame.refusal = join_fragment(fragments, frame, data[0] >= 0x80, limits.max_fragments)
    if frame.is_whole and frame.opcode == FRAME_TEXT and not is_utf8(frame.payload, frame.size):
        frame.refusal = REFUSED_TEXT
    elif frame.opcode == FRAME_CLOSE and is_bad_close(frame.payload, frame.size):
        frame.refusal = REFUSED_PROTOCOL
    return 0 if frame.refusal else start + 4 + <Py_ssize_t>length
