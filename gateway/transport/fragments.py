"""The assembly of WebSocket fragments to messages (RFC 6455 section 5.4).

A message is bounded as a whole, in bytes and in frames: a client that sends one byte a frame, or empty frames, costs no
more than one that sends whole messages.
"""

from core.wire import close_codes
from gateway.payloads.encodings import RefusedPayload

TEXT = 1
BINARY = 2
CONTINUATION = 0

MAX_FRAGMENTS = 128
"""The most fragments of a message: 4096 bytes in frames of 32, or 15 KiB in frames of 120. No library sends smaller
ones."""


class Message:
    """A whole message, as it came. `is_text` promises UTF-8, which the reader must check."""

    __slots__ = ("data", "is_text")

    def __init__(self, data: bytes, *, is_text: bool) -> None:
        self.data = data
        self.is_text = is_text


class Fragments:
    """The unfinished message of one connection."""

    __slots__ = ("_is_text", "_max_bytes", "_parts", "_size_bytes")

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._parts: list[bytes] | None = None
        self._size_bytes = 0
        self._is_text = False

    def add(self, opcode: int, data: bytes, *, is_final: bool) -> Message | None:
        """Take a data frame. Return the message that it completes.

        Raises:
            RefusedPayload: 1002 for frames out of order, 4002 for a message that is too large.
        """
        is_first = opcode != CONTINUATION
        if is_first is (self._parts is not None):
            raise RefusedPayload(close_codes.PROTOCOL_ERROR)
        if len(data) + self._size_bytes > self._max_bytes:
            raise RefusedPayload(close_codes.DECODE_ERROR)
        if is_first and is_final:
            return Message(data, is_text=opcode == TEXT)
        if is_first:
            self._parts, self._is_text = [], opcode == TEXT
        return self._append(data, is_final=is_final)

    def _append(self, data: bytes, *, is_final: bool) -> Message | None:
        parts = self._parts or []
        parts.append(data)
        self._size_bytes += len(data)
        if not is_final:
            if len(parts) >= MAX_FRAGMENTS:
                raise RefusedPayload(close_codes.DECODE_ERROR)
            self._parts = parts
            return None
        self._parts, self._size_bytes = None, 0
        return Message(b"".join(parts), is_text=self._is_text)
