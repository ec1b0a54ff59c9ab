"""The bounds of links: how much is kept, and how long is waited."""

import msgspec


class LinkBounds(msgspec.Struct, kw_only=True, frozen=True):
    """The bounds of one worker's links. Times are in seconds."""

    budget_bytes: int = 64 * 1024 * 1024
    """The most bytes of frames to one peer that are kept until they are acknowledged. More break the conversation."""
    budget_s: float = 30.0
    """The time after which a frame that is not acknowledged breaks the conversation."""
    silence_s: float = 2.0
    """A wire from which nothing has come for so long is given up; its ends say something several times in that time."""
    handshake_s: float = 2.0
    """The time in which a wire is opened and both sides have proved who they are."""
    patience_s: float = 2.0
    """The time without a direct wire after which the fallback is tried."""
    acknowledge_frames: int = 128
    acknowledge_bytes: int = 256 * 1024
    """So many frames or bytes are acknowledged at once, fewer at the next tick."""
    batch_bytes: int = 256 * 1024
    """The frames of one message have not more bytes together, but for a single larger one."""
    strangers: int = 64
    """The most wires at a time that have not proved yet whose they are."""

    @property
    def tick_s(self) -> float:
        """The time between two looks at all links."""
        return self.silence_s / 20

    @property
    def status_s(self) -> float:
        """The time after which a side that has said nothing sends its status."""
        return self.silence_s / 5
