"""What is counted of links."""

from typing import Protocol

import msgspec


class LinkCounts(msgspec.Struct):
    """What was counted of one link since the last look; the last two are as they are now."""

    frames_sent: int = 0
    bytes_sent: int = 0
    frames_received: int = 0
    bytes_received: int = 0
    frames_resent: int = 0
    wires: int = 0
    """The wires on which the two sides have met."""
    broken: int = 0
    """The conversations that are over."""
    kept_bytes: int = 0
    """The bytes of frames that are not acknowledged."""
    carrier: str = ""
    """The carrier of the present wire, empty when there is none."""


class LinkMeters(Protocol):
    """Where counts go."""

    def observe(self, worker: str, counts: LinkCounts) -> None:
        """Take what was counted since the last call of the link to a worker, by its name, which outlives it."""
