"""Which packets are passed on, and in which forms they are taken."""

import enum
from typing import Final, NamedTuple

_DISCORD_OPUS: Final = 0x78
"""The payload type of Opus with Discord, which is fixed: 120."""


class Codec(enum.Enum):
    """What is passed on, by its name in Select Protocol."""

    OPUS = "opus"
    VP8 = "VP8"
    H264 = "H264"

    __hash__ = object.__hash__  # that of Enum is a call of Python for each look-up

    @property
    def clock_rate(self) -> int:
        """The ticks of its timestamps in a second."""
        return 48_000 if self is Codec.OPUS else 90_000


class Form(NamedTuple):
    """How a receiver takes the packets of one codec."""

    payload_type: int
    extension_number: int | None
    """The number of the extension that tells how loud voice is, or when video is sent, 0 for none; None for Discord's
    own protocol.
    """


DISCORD_FORM: Final = Form(_DISCORD_OPUS, None)
