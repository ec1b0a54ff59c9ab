from typing import Final

FIXED: Final[int]
JSON: Final[int]
JSON_DEFLATE: Final[int]
JSON_ZSTD: Final[int]
PADDED: Final[int]

MIN_SHARES: Final[int]
"""The number of recipients in one flush from which on a chained template is made."""
MEMO_ENTRIES: Final[int]
"""The number of templates that a flush remembers."""

class Template:
    """One event in one wire format. Immutable."""

    def __init__(self, opcode: int, mode: int, head: bytes, tail: bytes, rest: tuple[bytes, ...] = ()) -> None: ...
    def encode(self, seq: int) -> bytes:
        """Return the whole frame for one recipient. Raises OverflowError for a `seq` outside 0..2**31-1."""

    @property
    def shared(self) -> bytes:
        """Tail and rest, with which every recipient's payload ends."""
