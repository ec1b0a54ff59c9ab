from typing import Final

FIXED: Final[int]
JSON: Final[int]
JSON_DEFLATE: Final[int]
JSON_ZSTD: Final[int]
PADDED: Final[int]

MIN_SHARES: Final[int]
"""From how many recipients in one flush on a chained template is made."""
MEMO_ENTRIES: Final[int]
"""How many templates a flush remembers."""

class Template:
    """One event in one form. Immutable."""

    def __init__(self, opcode: int, mode: int, head: bytes, tail: bytes, rest: tuple[bytes, ...] = ()) -> None: ...
    def encode(self, seq: int) -> bytes:
        """The whole frame for one recipient. OverflowError for a `seq` outside 0..2**31-1."""

    @property
    def shared(self) -> bytes:
        """Tail and rest: what every recipient's payload ends in."""
