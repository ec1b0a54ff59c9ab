from typing import Final, Protocol, type_check_only

JSON: Final[int]
ETF: Final[int]
MSGPACK: Final[int]

NO_SEQ: Final[int]
"""Of a heartbeat that names no dispatch."""

def read_heartbeat(encoding: int, data: bytes) -> int | None:
    """The number of the dispatch that came last, if the bytes are a heartbeat as libraries write it, else None.

    `NO_SEQ` when it names none, or one that no dispatch can have.
    """

@type_check_only
class Outlet(Protocol):
    """What acknowledgements are written to."""

    def write(self, data: bytes) -> None:
        """Takes a whole frame."""

    def confirm(self, seq: int) -> None:
        """The client has all dispatches up to this one."""

class Intake:
    """One client's. `ack` is the frame that answers a heartbeat; it may be changed."""

    ack: bytes
    last_beat_s: float
    """When the client was last heard of; its connecting counts."""

    def __init__(
        self, *, outlet: Outlet, encoding: int, ack: bytes, limit: int, window_s: float, now_s: float
    ) -> None: ...
    def take(self, now_s: float) -> bool:
        """Counts a command; False when the limit is reached, and then nothing is used."""

    def beat(self, now_s: float, seq: int | None = None) -> None:
        """A heartbeat, with the number that it names, if any: remembered and acknowledged."""

    def hear(self, data: bytes, now_s: float) -> bool:
        """Takes a payload if it is a heartbeat, and if one may still be sent; whether it did."""
