"""Which packets are passed on, in which forms they are taken, and why others are kept back."""

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


class KeptBack(enum.StrEnum):
    """Why a packet of a client is not passed on; the value is the word by which it is counted."""

    NO_KEYS = "no keys"
    """Its handshake is not done, or its connection is over."""
    MUTED = "muted"
    """It may not send this, or its camera is off."""
    STRANGER = "stranger"
    """It would be one stream too many."""
    FORGED = "forged"
    """It was not made with the client's key, has been changed, or came before."""
    UNKNOWN = "unknown"
    """The others could not read it, or were not told of such a stream."""
    QUIET = "quiet"
    """Others of the room are louder."""
    FLOOD = "flood"
    """Its sender has sent too many."""
    EMPTY = "empty"
    """There is no picture in it: browsers try with such packets what their network carries."""


class Form(NamedTuple):
    """How a receiver takes the packets of one codec."""

    payload_type: int
    extension_number: int | None
    """The number of the extension that tells how loud voice is, or when video is sent, 0 for none; None for Discord's
    own protocol.
    """


DISCORD_FORM: Final = Form(_DISCORD_OPUS, None)
