"""What one client may still say, and its heartbeats, which are answered here.

Nearly all that idle clients say is heartbeats, in the few spellings of the libraries that there are. `hear` knows these by
their bytes, in each encoding, and answers them with an acknowledgement that was made beforehand: nothing is decoded and nothing
is allocated. Every other payload, a heartbeat in another spelling too, is for the caller to decode; it then calls `take` and, for a
heartbeat, `beat`.

How often a client may speak is a count in a window that begins with its first use. A fixed window rather than a sliding one:
Discord's libraries pace themselves by one, and it costs two numbers a connection. The limit and the window are arguments, because
they are the same for everybody. Pings and heartbeats count too, or they would be a way around it.

    JSON      {"op":1,"d":<null or digits>}, also with white space, in the other order, or without `d`
    ETF       a map of the same: keys are binaries, `op` a small integer, `d` nil, null or a positive integer
    msgpack   a map of the same: `op` a positive fixint, `d` nil or an unsigned integer

Times are seconds of one monotonic clock, and arguments. Reference for `intake_c.pyx`.
"""

import re
from typing import Final, Protocol

JSON: Final = 0
ETF: Final = 1
MSGPACK: Final = 2

_MAX_HEARTBEAT_BYTES = 64
"""More is looked at by nobody."""


def _both_orders(op: bytes, comma: bytes, d: bytes) -> bytes:
    return b"(?:%b(?:%b%b)?|%b%b%b)" % (op, comma, d, d, comma, op)


_WS = rb"[ \t\n\r]*"
_JSON_OP = _WS + rb'"op"' + _WS + b":" + _WS + b"1" + _WS
_JSON_D = _WS + rb'"d"' + _WS + b":" + _WS + rb"(?:null|0|[1-9][0-9]{0,17})" + _WS
_JSON = _WS + rb"\{" + _both_orders(_JSON_OP, b",", _JSON_D) + rb"\}" + _WS

_ETF_OP = rb"m\x00\x00\x00\x02opa\x01"
_ETF_D = rb"m\x00\x00\x00\x01d(?:s\x03nil|s\x04null|a.|b[\x00-\x7f]...)"
_ETF = rb"\x83t\x00\x00\x00(?:\x01%b|\x02(?:%b%b|%b%b))" % (_ETF_OP, _ETF_OP, _ETF_D, _ETF_D, _ETF_OP)

_MSGPACK_OP = rb"\xa2op\x01"
_MSGPACK_D = rb"\xa1d(?:[\x00-\x7f\xc0]|\xcc.|\xcd..|\xce....|\xcf........)"
_MSGPACK = rb"(?:\x81%b|\x82(?:%b%b|%b%b))" % (_MSGPACK_OP, _MSGPACK_OP, _MSGPACK_D, _MSGPACK_D, _MSGPACK_OP)

_HEARTBEATS = {JSON: re.compile(_JSON), ETF: re.compile(_ETF, re.DOTALL), MSGPACK: re.compile(_MSGPACK, re.DOTALL)}


def is_heartbeat(encoding: int, data: bytes) -> bool:
    """Whether these bytes are a heartbeat as libraries write it. False says nothing."""
    return len(data) <= _MAX_HEARTBEAT_BYTES and _HEARTBEATS[encoding].fullmatch(data) is not None


class Outlet(Protocol):
    """What acknowledgements are written to."""

    def write(self, data: bytes) -> None:
        """Takes a whole frame."""


class Intake:
    """One client's. `ack` is the frame that answers a heartbeat; it may be changed."""

    __slots__ = ("_encoding", "_ends_s", "_limit", "_outlet", "_used", "_window_s", "ack", "last_beat_s")

    def __init__(self, *, outlet: Outlet, encoding: int, ack: bytes, limit: int, window_s: float, now_s: float) -> None:
        if encoding not in _HEARTBEATS:
            raise ValueError("no such encoding")
        self._outlet = outlet
        self._encoding = encoding
        self._limit = limit
        self._window_s = window_s
        self._used = 0
        self._ends_s = now_s
        self.ack = ack
        self.last_beat_s = now_s
        """When the client was last heard of; its connecting counts."""

    def take(self, now_s: float) -> bool:
        """Counts a command; False when the limit is reached, and then nothing is used."""
        if now_s >= self._ends_s:
            self._ends_s = now_s + self._window_s
            self._used = 0
        if self._used >= self._limit:
            return False
        self._used += 1
        return True

    def beat(self, now_s: float) -> None:
        """A heartbeat: remembered and acknowledged."""
        self.last_beat_s = now_s
        self._outlet.write(self.ack)

    def hear(self, data: bytes, now_s: float) -> bool:
        """Takes a payload if it is a heartbeat, and if one may still be sent; whether it did."""
        if not is_heartbeat(self._encoding, data) or not self.take(now_s):
            return False
        self.beat(now_s)
        return True
