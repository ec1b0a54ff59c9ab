from typing import Final

CONTINUATION: Final[int]
TEXT: Final[int]
BINARY: Final[int]
CLOSE: Final[int]
PING: Final[int]
PONG: Final[int]

PROTOCOL_ERROR: Final[int]
"""Refusals; the reader has none of a close code."""
TOO_LARGE: Final[int]
NOT_TEXT: Final[int]

class FrameReader:
    """One client's frames. `max_bytes` bounds a message as a whole, `max_fragments` how many frames it may come in."""

    @property
    def refusal(self) -> int:
        """0 while all is well, else why nothing is read any more."""

    def __init__(self, *, max_bytes: int, max_fragments: int) -> None: ...
    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """The messages and control frames that `data` completes: opcodes (never CONTINUATION) and payloads.

        CLOSE is the last one, and so is what came before a refusal. Everything after that is ignored.
        """
