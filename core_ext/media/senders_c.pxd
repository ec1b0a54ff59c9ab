# Types for senders_py.py, compiled as core_ext.media.senders_c.

cimport cython

cimport core_ext.media.passing_c as passing
cimport core_ext.media.ring_c as ring
cimport core_ext.media.rtp_c as rtp
cimport core_ext.media.speakers_c as speakers
cimport core_ext.media.streams_c as streams
cimport core_ext.media.vp8_c as vp8
from core_ext.media.openings_c cimport SrtpOpening

cdef Py_ssize_t _MOST_SOURCES
cdef Py_ssize_t _MOST_BYTES


cdef class Sender:
    cdef object _receiver
    cdef set _sources
    cdef public SrtpOpening opening
    cdef public long long taken_left

    @cython.locals(source=bytes, is_known=bint)
    cpdef object open(self, bytes datagram, object address, bint is_allowed)
    cpdef bint may_have(self, bytes source)
    cpdef bint take(self, bytes source)


cdef class Microphone:
    cdef Sender _sender
    cdef object _codec
    cdef long long _ssrc
    cdef long long _level_number
    cdef readonly streams.Stream stream
    cdef readonly speakers.Activity activity
    cdef readonly ring.Ring heard
    cdef public bint may_speak
    cdef public speakers.ActiveSpeakers seats

    cpdef object open(self, bytes datagram, object address, double now_s)
    @cython.locals(
        packet=rtp.RtpPacket, size=Py_ssize_t, taken=tuple, number=cython.longlong, timestamp=cython.longlong
    )
    cdef object _read(self, bytes plain, double now_s)
    cpdef bint keep(self, passing.Passing passed)


cdef class Track:
    cdef readonly long long ssrc
    cdef readonly long long layer
    cdef readonly streams.Stream stream
    cdef readonly ring.Ring ring


cdef class Lens:
    cdef Sender _sender
    cdef dict _codecs
    cdef object _break_off
    cdef object _find_track
    cdef dict _tracks
    cdef Track _last
    cdef public bint is_on

    cpdef object open(self, bytes datagram, object address, double now_s)
    @cython.locals(
        packet=rtp.RtpPacket, payload=bytes, size=Py_ssize_t, track=Track, taken=tuple, number=cython.longlong,
        timestamp=cython.longlong, says=vp8.Vp8, is_keyframe=bint,
    )
    cdef object _read(self, bytes plain, double now_s)
    @cython.locals(track=Track)
    cdef Track _learn_track(self, rtp.RtpPacket packet)
    cpdef bint keep(self, passing.Passing passed)
