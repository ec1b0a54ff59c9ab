"""STUN and TURN servers on the wire, as a browser's RTCConfiguration names them."""

from collections.abc import Sequence

import msgspec
from msgspec import UNSET, UnsetType


class IceServerObject(msgspec.Struct, kw_only=True):
    """RTCIceServer: addresses, and for TURN a login."""

    urls: Sequence[str]
    username: str | UnsetType = UNSET
    credential: str | UnsetType = UNSET


class IceServersObject(msgspec.Struct, kw_only=True, rename="camel"):
    """What a page gives its RTCPeerConnection."""

    ice_servers: list[IceServerObject]
    ttl: int
    """The seconds for which the logins are valid."""
