from typing import Final

CONTINUATION: Final[int]
TEXT: Final[int]
BINARY: Final[int]
CLOSE: Final[int]
PING: Final[int]
PONG: Final[int]

PROTOCOL_ERROR: Final[int]
"""The refusals. The caller chooses the close code for each."""
TOO_LARGE: Final[int]
NOT_TEXT: Final[int]

class FrameReader:
    """The reader of one client. `max_bytes` bounds a message as a whole, `max_fragments` the number of its frames."""

    @property
    def refusal(self) -> int:
        """0 while all is well, else the reason why nothing is read any more."""

    def __init__(self, *, max_bytes: int, max_fragments: int) -> None: ...
    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """Return the messages and control frames that `data` completes: opcodes (never CONTINUATION) and payloads.

        CLOSE is the last one, or the frame before a refusal. Everything after that is ignored.
        """
