"""WebSocket frames (RFC 6455), as a client reads and writes them.

The reader takes bytes as they come and gives whole messages; it joins fragments, and gives control frames between them.
It trusts the server as far as a load test may: a frame that breaks the protocol ends the connection with an error, and
sizes have a bound. Extensions are not asked for, so the reserved bits must be zero.
"""

import struct
from typing import Final, NamedTuple

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10

_FINAL: Final = 0x80
_RESERVED: Final = 0x70
_OPCODE: Final = 0x0F
_MASKED: Final = 0x80
_TWO_BYTES, _EIGHT_BYTES = 126, 127
_MAX_BYTES: Final = 1 << 28
"""A larger message is a fault: READY of a person with many large guilds has some megabytes."""
_MAX_CONTROL_BYTES: Final = 125
_OPCODES: Final = frozenset({CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG})


class FrameError(Exception):
    """The server has broken the protocol."""


class Message(NamedTuple):
    """A whole message, or a control frame."""

    opcode: int
    payload: bytes


class FrameReader:
    """The bytes of one connection that are not a whole message yet."""

    __slots__ = ("_came", "_opcode", "_pieces")

    def __init__(self) -> None:
        self._came = b""
        self._opcode = CONTINUATION
        self._pieces: list[bytes] = []

    def feed(self, data: bytes) -> list[Message]:
        """Take bytes, and return the messages that are whole with them. Raises FrameError."""
        came = self._came + data if self._came else data
        messages: list[Message] = []
        at = 0
        while (found := _find_frame(came, at)) is not None:
            first, start, end = found
            at = end
            message = self._join(first, came[start:end])
            if message is not None:
                messages.append(message)
        self._came = came[at:]
        return messages

    def _join(self, first: int, payload: bytes) -> Message | None:
        opcode = first & _OPCODE
        if first & _RESERVED:
            raise FrameError("a frame has reserved bits")
        if opcode not in _OPCODES:
            raise FrameError(f"a frame has the opcode {opcode}")
        if opcode >= CLOSE:
            if not first & _FINAL or len(payload) > _MAX_CONTROL_BYTES:
                raise FrameError("a control frame is in pieces or too long")
            return Message(opcode, payload)
        if (opcode == CONTINUATION) != bool(self._pieces):
            raise FrameError("a fragment is out of order")
        if first & _FINAL and not self._pieces:
            return Message(opcode, payload)
        if not self._pieces:
            self._opcode = opcode
        self._pieces.append(payload)
        if sum(map(len, self._pieces)) > _MAX_BYTES:
            raise FrameError(f"a message in pieces of more than {_MAX_BYTES} bytes")
        if not first & _FINAL:
            return None
        whole, self._pieces = b"".join(self._pieces), []
        return Message(self._opcode, whole)


def cut_at_close(messages: list[Message]) -> tuple[list[Message], Message | None]:
    """Return what came before the close frame, which is to be heard before the end, and that frame if there is one."""
    for number, message in enumerate(messages):
        if message.opcode == CLOSE:
            return messages[:number], message
    return messages, None


def _find_frame(came: bytes, at: int) -> tuple[int, int, int] | None:
    """Return the first byte of the frame at `at`, and where its payload begins and ends. None while it is not whole."""
    have = len(came) - at
    if have < 2:
        return None
    size, start = came[at + 1], at + 2
    if size & _MASKED:
        raise FrameError("a server's frame is masked")
    if size == _TWO_BYTES:
        if have < 4:
            return None
        size, start = int.from_bytes(came[at + 2 : at + 4], "big"), at + 4
    elif size == _EIGHT_BYTES:
        if have < 10:
            return None
        size, start = int.from_bytes(came[at + 2 : at + 10], "big"), at + 10
        if size > _MAX_BYTES:
            raise FrameError(f"a frame of {size} bytes")
    end = start + size
    return (came[at], start, end) if end <= len(came) else None


def encode_frame(opcode: int, payload: bytes, mask: bytes) -> bytes:
    """Encode a whole message as one frame. `mask` is four random bytes."""
    size = len(payload)
    if size < _TWO_BYTES:
        head = struct.pack("!BB", _FINAL | opcode, _MASKED | size)
    elif size < 1 << 16:
        head = struct.pack("!BBH", _FINAL | opcode, _MASKED | _TWO_BYTES, size)
    else:
        head = struct.pack("!BBQ", _FINAL | opcode, _MASKED | _EIGHT_BYTES, size)
    key = int.from_bytes((mask * (size // 4 + 1))[:size], "big")
    return head + mask + (int.from_bytes(payload, "big") ^ key).to_bytes(size, "big")
