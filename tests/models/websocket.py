"""A model of `core_ext`'s frame reader, for its test suite and for foretold answers. `websocket_c.pyx` explains it."""

from core_ext.sockets.websocket_c import (
    BINARY,
    CLOSE,
    CONTINUATION,
    NOT_TEXT,
    PING,
    PONG,
    PROTOCOL_ERROR,
    TEXT,
    TOO_LARGE,
)

_OPCODES = {CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG}
_MAX_CONTROL_BYTES = 125
_CLOSE_CODES = (range(1000, 1004), range(1007, 1015), range(3000, 5000))
"""The codes that a close frame may have (RFC 6455 section 7.4; 1012 to 1014 are IANA's)."""


class _Refused(Exception):
    """A frame that ends the reading."""

    def __init__(self, refusal: int) -> None:
        self.refusal = refusal


class FrameReader:
    """The frames of one client. `max_bytes` bounds a whole message, `max_fragments` the number of its frames."""

    __slots__ = ("_data", "_is_closed", "_max_bytes", "_max_fragments", "_opcode", "_parts", "_size", "refusal")

    def __init__(self, *, max_bytes: int, max_fragments: int) -> None:
        self._max_bytes = max_bytes
        self._max_fragments = max_fragments
        self._data = b""
        self._opcode = 0
        self._parts: list[bytes] = []
        self._size = 0
        self._is_closed = False
        self.refusal = 0
        """The reason why nothing is read any more, 0 while all is well."""

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """Return the messages and control frames that `data` completes: opcodes (never CONTINUATION) and payloads.

        A CLOSE is the last one. A refusal ends the reading after the frames before it. Everything afterwards is
        ignored.
        """
        found: list[tuple[int, bytes]] = []
        self._data += data
        try:
            while self.refusal == 0 and not self._is_closed:
                used = self._read_frame(found)
                if used == 0:
                    return found
                self._data = self._data[used:]
        except _Refused as refused:
            self.refusal = refused.refusal
        self._data, self._parts = b"", []
        return found

    def _read_frame(self, found: list[tuple[int, bytes]]) -> int:
        """Read the frame at the beginning of the data. Return its length, or 0 when a part is missing."""
        data = self._data
        if len(data) < 2:
            return 0
        opcode, is_final = data[0] & 0x0F, data[0] >= 0x80
        self._check_head(data[0], data[1])
        start = {126: 4, 127: 10}.get(data[1] & 0x7F, 2)
        if len(data) < start:
            return 0
        size = data[1] & 0x7F if start == 2 else int.from_bytes(data[2:start], "big")
        self._check_size(opcode, size, start)
        end = start + 4 + size
        if len(data) < end:
            return 0
        payload = _unmask(data[start + 4 : end], data[start : start + 4])
        message = (opcode, payload) if opcode >= CLOSE else self._join(opcode, payload, is_final=is_final)
        if message is not None:
            _check_payload(*message)
            self._is_closed = opcode == CLOSE
            found.append(message)
        return end

    def _check_head(self, first: int, second: int) -> None:
        opcode = first & 0x0F
        is_short_and_final = first >= 0x80 and second & 0x7F <= _MAX_CONTROL_BYTES
        is_out_of_order = opcode < CLOSE and (opcode == CONTINUATION) is not (self._opcode != 0)
        if (
            first & 0x70
            or opcode not in _OPCODES
            or (opcode >= CLOSE and not is_short_and_final)
            or second < 0x80
            or is_out_of_order
        ):
            raise _Refused(PROTOCOL_ERROR)

    def _check_size(self, opcode: int, size: int, start: int) -> None:
        if size >> 63 or size < {2: 0, 4: 126, 10: 65_536}[start]:
            raise _Refused(PROTOCOL_ERROR)
        if opcode < CLOSE and size + self._size > self._max_bytes:
            raise _Refused(TOO_LARGE)

    def _join(self, opcode: int, payload: bytes, *, is_final: bool) -> tuple[int, bytes] | None:
        """Return the message that a data frame completes."""
        if opcode != CONTINUATION and is_final:
            return opcode, payload
        if opcode != CONTINUATION:
            self._opcode = opcode
        self._parts.append(payload)
        self._size += len(payload)
        if not is_final:
            if len(self._parts) >= self._max_fragments:
                raise _Refused(TOO_LARGE)
            return None
        message = self._opcode, b"".join(self._parts)
        self._opcode, self._parts, self._size = 0, [], 0
        return message


def _unmask(payload: bytes, mask: bytes) -> bytes:
    size = len(payload)
    repeated = mask * (size // 4 + 1)
    return (int.from_bytes(payload, "big") ^ int.from_bytes(repeated[:size], "big")).to_bytes(size, "big")


def _check_payload(opcode: int, payload: bytes) -> None:
    if opcode == TEXT and not _is_utf8(payload):
        raise _Refused(NOT_TEXT)
    if opcode != CLOSE or not payload:
        return
    code = int.from_bytes(payload[:2], "big")
    if len(payload) < 2 or not any(code in codes for codes in _CLOSE_CODES) or not _is_utf8(payload[2:]):
        raise _Refused(PROTOCOL_ERROR)


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
