"""A model of `core_ext`'s intake, for its test suite. `intake_c.pyx` explains the algorithm.

The model knows heartbeats by regular expressions.
"""

import re
from typing import Any

from core_ext.payloads.framing_py import MAX_SEQ
from core_ext.sockets.intake_c import ETF, JSON, MSGPACK, NO_SEQ

_MAX_HEARTBEAT_BYTES = 64
"""The size up to which a payload may be a heartbeat."""


def _both_orders(op: bytes, comma: bytes, d: bytes) -> bytes:
    return b"(?:%b(?:%b%b)?|%b%b%b)" % (op, comma, d, d, comma, op)


_WS = rb"[ \t\n\r]*"
_JSON_OP = _WS + rb'"op"' + _WS + b":" + _WS + b"1" + _WS
_JSON_D = _WS + rb'"d"' + _WS + b":" + _WS + rb"(null|0|[1-9][0-9]{0,17})" + _WS
_JSON = _WS + rb"\{" + _both_orders(_JSON_OP, b",", _JSON_D) + rb"\}" + _WS

_ETF_OP = rb"m\x00\x00\x00\x02opa\x01"
_ETF_D = rb"m\x00\x00\x00\x01d(?:s\x03nil|s\x04null|a(.)|b([\x00-\x7f]...))"
_ETF = rb"\x83t\x00\x00\x00(?:\x01%b|\x02(?:%b%b|%b%b))" % (_ETF_OP, _ETF_OP, _ETF_D, _ETF_D, _ETF_OP)

_MSGPACK_OP = rb"\xa2op\x01"
_MSGPACK_D = rb"\xa1d(?:\xc0|([\x00-\x7f])|\xcc(.)|\xcd(..)|\xce(....)|\xcf(........))"
_MSGPACK = rb"(?:\x81%b|\x82(?:%b%b|%b%b))" % (_MSGPACK_OP, _MSGPACK_OP, _MSGPACK_D, _MSGPACK_D, _MSGPACK_OP)

_HEARTBEATS = {JSON: re.compile(_JSON), ETF: re.compile(_ETF, re.DOTALL), MSGPACK: re.compile(_MSGPACK, re.DOTALL)}


def read_heartbeat(encoding: int, data: bytes) -> int | None:
    """Return the number of the latest dispatch, if the bytes are a heartbeat as libraries write it, else None.

    The number is `NO_SEQ` when the heartbeat names none, or one that no dispatch can have.
    """
    found = _HEARTBEATS[encoding].fullmatch(data) if len(data) <= _MAX_HEARTBEAT_BYTES else None
    if found is None:
        return None
    named = next((group for group in found.groups() if group is not None), b"null" if encoding == JSON else b"")
    if encoding == JSON:
        seq = NO_SEQ if named == b"null" else int(named)
    else:
        seq = int.from_bytes(named, "big") if named else NO_SEQ
    return seq if seq <= MAX_SEQ else NO_SEQ


class Intake:
    """The intake of one client. `ack` is the frame that answers a heartbeat; it may be changed."""

    __slots__ = (
        "_confirmed",
        "_encoding",
        "_ends_s",
        "_heard",
        "_limit",
        "_outlet",
        "_used",
        "_window_s",
        "ack",
        "last_beat_s",
    )

    def __init__(self, *, outlet: Any, encoding: int, ack: bytes, limit: int, window_s: float, now_s: float) -> None:
        if encoding not in _HEARTBEATS:
            raise ValueError("no such encoding")
        self._outlet = outlet
        self._encoding = encoding
        self._limit = limit
        self._window_s = window_s
        self._used = 0
        self._ends_s = now_s
        # The number in the latest heartbeat, and the highest one that the outlet was told.
        self._heard = self._confirmed = NO_SEQ
        self.ack = ack
        self.last_beat_s = now_s
        """The time of the last sign of the client; its connecting counts."""

    def take(self, now_s: float) -> bool:
        """Count a command. Return False at the limit, and then count nothing."""
        if now_s >= self._ends_s:
            self._ends_s = now_s + self._window_s
            self._used = 0
        if self._used >= self._limit:
            return False
        self._used += 1
        return True

    def beat(self, now_s: float, seq: int | None = None) -> None:
        """Remember and acknowledge a heartbeat, with its number if it has one."""
        self.last_beat_s = now_s
        before = self._heard
        self._heard = seq if seq is not None and 0 <= seq <= MAX_SEQ else NO_SEQ
        if before > self._confirmed:
            self._confirmed = before
            self._outlet.confirm(before)
        self._outlet.write(self.ack)

    def hear(self, data: bytes, now_s: float) -> bool:
        """Take a payload if it is a heartbeat and the limit allows one. Return whether it was taken."""
        seq = read_heartbeat(self._encoding, data)
        if seq is None or not self.take(now_s):
            return False
        self.beat(now_s, seq)
        return True
