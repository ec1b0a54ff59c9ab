"""What the gateway reads of events about voice and calls: a few fields of each object.

All readings raise `msgspec.MsgspecError` when a payload cannot be read.
"""

from typing import Final

import msgspec


class State(msgspec.Struct, frozen=True):
    """The fields that are read of a voice state's object."""

    session_id: str
    channel_id: int | None
    mute: bool
    deaf: bool
    suppress: bool
    user_id: int = 0


read_state: Final = msgspec.json.Decoder(State, strict=False).decode


class Region(msgspec.Struct, frozen=True):
    """The fields that are read of CALL_CREATE and CALL_UPDATE."""

    channel_id: int
    region: str


read_region: Final = msgspec.json.Decoder(Region, strict=False).decode


class Peers(msgspec.Struct, frozen=True):
    """The field that is read of CALL_PEERS_UPDATE."""

    state: str


read_peers: Final = msgspec.json.Decoder(Peers).decode
