"""Calls from client to client on the wire: an extension of this server, of which only clients that take part hear."""

from collections.abc import Sequence
from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType

from core.domain.channels.peering import Peering, PeeringEnd

PeersState = Literal["node", "waiting", "direct"]
"""Media goes through the media node: nobody agrees, or not all. Or it may go directly: there is a round."""


class CallPeersObject(msgspec.Struct, kw_only=True):
    """`d` of CALL_PEERS_UPDATE, and what GET /channels/{channel}/call/peers answers."""

    channel_id: str
    state: PeersState
    round_id: str | None
    """The round, while the state is `direct`."""
    peers: Sequence[str]
    """The ids of those who agree."""
    connected: Sequence[str]
    """The ids of those who have said that they have reached all others of the round."""
    reason: str | None = None
    """Why consents, or the own one, have ended: a `PeeringEnd`."""
    most_peers: int | UnsetType = UNSET
    """So many in a call may talk without a media node, 0 for none. REST alone tells it."""


class PeerCandidate(msgspec.Struct, kw_only=True, rename="camel"):
    """A candidate as WebRTC's `RTCIceCandidateInit` has it."""

    candidate: str
    sdp_mid: str | None = None
    sdp_m_line_index: int | None = None
    username_fragment: str | None = None


class CallPeerSignalObject(msgspec.Struct, kw_only=True):
    """`d` of CALL_PEER_SIGNAL: what another one of the round sends, as it was sent."""

    channel_id: str
    round_id: str
    user_id: str
    """Who sends it."""
    type: str
    sdp: str | UnsetType = UNSET
    candidates: Sequence[PeerCandidate] | UnsetType = UNSET


class PeerToPeerSettings(msgspec.Struct, kw_only=True):
    """GET and PATCH /users/@me/peer-to-peer."""

    enabled: bool


def render_peers(
    channel_id: int, peering: Peering | None, *, reason: PeeringEnd | None = None, most_peers: int | UnsetType = UNSET
) -> CallPeersObject:
    """Return who agrees in a channel's call."""
    peers = () if peering is None else peering.peers
    round_id = 0 if peering is None else peering.round_id
    return CallPeersObject(
        channel_id=str(channel_id),
        state="direct" if round_id else "waiting" if peers else "node",
        round_id=str(round_id) if round_id else None,
        peers=[str(peer.user_id) for peer in peers],
        connected=[str(peer.user_id) for peer in peers if peer.is_connected],
        reason=reason,
        most_peers=most_peers,
    )
