"""What a client says of the video that it sends, and of what it shows."""

from collections.abc import Mapping
from typing import Final

import msgspec

MOST_LAYERS: Final = 3
"""Sizes in which one camera is sent: a whole picture, a half and a quarter, as browsers name them `f`, `h` and `q`."""

BEST: Final = 100


class Source(msgspec.Struct, frozen=True):
    """One layer of it."""

    ssrc: int
    """The client's own; 0 where the layer is known by its name alone, until its first packet."""
    rid: str = ""
    """Its name in the header extension of RFC 8852."""
    quality: int = BEST
    """How good it is of what there is, 1 to 100."""


class Wants(msgspec.Struct, frozen=True):
    """What a client shows of others' video, as qualities from 0, nothing, to 100."""

    by_ssrc: Mapping[int, int] = {}
    others: int = BEST
    """That of all streams that are not named."""

    def find(self, ssrc: int) -> int:
        """Return the quality that it wants of a stream."""
        return self.by_ssrc.get(ssrc, self.others)
