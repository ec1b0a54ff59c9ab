from typing import Final, Protocol, type_check_only

JSON: Final[int]
ETF: Final[int]
MSGPACK: Final[int]

NO_SEQ: Final[int]
"""The number in a heartbeat that names no dispatch."""

def read_heartbeat(encoding: int, data: bytes) -> int | None:
    """Return the dispatch that a heartbeat names, if the bytes are one as libraries write it, else None.

    The result is `NO_SEQ` when the heartbeat names none, or a number that no dispatch can have.
    """

@type_check_only
class Outlet(Protocol):
    """The outlet, as acknowledgements are written to it."""

    def write(self, data: bytes) -> None:
        """Take a whole frame."""

    def confirm(self, seq: int) -> None:
        """Note that the client has all dispatches up to this one."""

class Intake:
    """The intake of one client. `ack` is the frame that answers a heartbeat; it may be changed."""

    ack: bytes
    last_beat_s: float
    """The time when the client was last heard; its connecting counts."""

    def __init__(
        self, *, outlet: Outlet, encoding: int, ack: bytes, limit: int, window_s: float, now_s: float
    ) -> None: ...
    def take(self, now_s: float) -> bool:
        """Count a command. Return False, and count nothing, when the limit is reached."""

    def beat(self, now_s: float, seq: int | None = None) -> None:
        """Remember and acknowledge a heartbeat with the number that it names, if any."""

    def hear(self, data: bytes, now_s: float) -> bool:
        """Take a payload if it is a heartbeat and within the limit; return whether it was taken."""
