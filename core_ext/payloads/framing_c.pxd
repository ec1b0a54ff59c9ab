# The framing that other kernels share. Each function writes into a buffer of its caller and keeps nothing.

from libc.string cimport memcpy

cdef enum:
    MAX_SEQ = 0x7FFFFFFF
    # {"s":, ten digits, a comma
    MAX_PREFIX = 16
    MAX_HEADER = 10


cdef inline Py_ssize_t write_digits(char* out, long long seq) noexcept:
    """Write `seq` into at least 10 bytes; return the number of bytes written."""
    cdef char digits[20]
    cdef Py_ssize_t count = 0
    cdef Py_ssize_t index
    while True:
        digits[count] = <char>(48 + seq % 10)
        count += 1
        seq //= 10
        if seq == 0:
            break
    for index in range(count):
        out[index] = digits[count - 1 - index]
    return count


cdef inline int count_digits(long long seq) noexcept:
    """Return the number of bytes that `write_digits` writes."""
    cdef int count = 1
    while seq >= 10:
        seq //= 10
        count += 1
    return count


cdef inline void write_last_digits(char* out, unsigned int seq, int count) noexcept:
    """Write the last `count` digits of `seq`: all of them when `count` is that of `count_digits`."""
    while count > 0:
        count -= 1
        out[count] = <char>(48 + seq % 10)
        seq //= 10


cdef inline Py_ssize_t write_prefix(char* out, long long seq) noexcept:
    """Write `{"s":<seq>,` into at least MAX_PREFIX bytes; return the number of bytes written."""
    cdef Py_ssize_t count
    memcpy(out, b'{"s":', 5)
    count = write_digits(out + 5, seq)
    out[5 + count] = 44
    return 6 + count


cdef inline Py_ssize_t write_header(unsigned char* out, int opcode, unsigned long long length) noexcept:
    """Write a frame's header into at least MAX_HEADER bytes; return the number of bytes written."""
    cdef int index
    out[0] = <unsigned char>(0x80 | opcode)
    if length < 126:
        out[1] = <unsigned char>length
        return 2
    if length < 65536:
        out[1] = 126
        out[2] = <unsigned char>(length >> 8)
        out[3] = <unsigned char>(length & 0xFF)
        return 4
    out[1] = 127
    for index in range(8):
        out[2 + index] = <unsigned char>((length >> (56 - 8 * index)) & 0xFF)
    return 10


cdef inline void write_seq(char* out, long long seq) noexcept:
    """Write `seq` as four bytes, big-endian."""
    out[0] = <char>(seq >> 24)
    out[1] = <char>((seq >> 16) & 0xFF)
    out[2] = <char>((seq >> 8) & 0xFF)
    out[3] = <char>(seq & 0xFF)
