"""Calls from client to client: who of a call agrees to it, and the rounds in which they try it and talk. Pure.

```
            all in the call agree, 2 or more, and no more than may
 waiting ──────────────────────────────────────────────────────────→ a round ─→ all peers are connected
    ↑                                                                   │
    └── nobody agrees any more: each consent was for those then there ──┴─ somebody comes, withdraws, fails, is late,
                                                                           or too few are left
```

A consent shows one's address to those who are in the call when it is given, and to nobody else. So whoever comes ends
all consents, as the end of a round does, and clients that want it agree again. Whoever leaves shows nobody anything
new: the others go on.
"""

import enum
from collections.abc import Collection
from typing import Final

import msgspec

FEWEST_PEERS: Final = 2
CONNECT_MS: Final = 30_000
"""How long a round may take until all have said that they are connected: a second where it works at all, and some more
where only the last pair of candidates does."""


class PeeringEnd(enum.StrEnum):
    """Why consents have ended, as clients are told it."""

    JOINED = "joined"
    """Somebody has come into the call."""
    LEFT = "left"
    """Too few are left."""
    WITHDRAWN = "withdrawn"
    """One of them does not agree any more."""
    BLOCKED = "blocked"
    """One of them has blocked another one."""
    FAILED = "failed"
    """One of them cannot reach the others."""
    TIMEOUT = "timeout"
    """Not all of them were connected in time."""


class Peer(msgspec.Struct, frozen=True, array_like=True):
    """Somebody in the call who agrees, by the session that is in it."""

    user_id: int
    session_id: str
    is_connected: bool = False


class Peering(msgspec.Struct, frozen=True, array_like=True):
    """Those of a call who agree, at least one."""

    peers: tuple[Peer, ...]
    round_id: int = 0
    """The round that all of them are in, 0 while not all in the call agree. No other round has the number."""
    until_ms: int = 0
    """When the round fails, 0 when all are connected or there is none."""

    def find(self, user_id: int) -> Peer | None:
        """Return somebody who agrees."""
        return next((peer for peer in self.peers if peer.user_id == user_id), None)

    def has_in_round(self, round_id: int, user_id: int) -> bool:
        """Return whether this is the round, and the user is in it."""
        return round_id == self.round_id != 0 and self.find(user_id) is not None

    def find_other(self, round_id: int, user_id: int, other_id: int) -> Peer | None:
        """Return another one of the round that the user is in."""
        return self.find(other_id) if other_id != user_id and self.has_in_round(round_id, user_id) else None

    def with_connected(self, user_id: int) -> "Peering":
        """Return the round in which this peer has reached all others."""
        peers = tuple(
            msgspec.structs.replace(peer, is_connected=True) if peer.user_id == user_id else peer for peer in self.peers
        )
        return Peering(peers, self.round_id, _find_end(peers, self.until_ms))


class Presence(msgspec.Struct, frozen=True):
    """Who is in a call, and what a round that begins now needs."""

    sessions: Collection[tuple[int, str]]
    """(user, session) of each."""
    most: int
    """So many may talk without a media node."""
    round_id: int
    """A number that no round has had."""
    now_ms: int


def agree(peering: Peering | None, peer: Peer, presence: Presence) -> Peering:
    """Return what is when somebody in the call agrees. In a round it does already."""
    if peering is None:
        return _begin((peer,), presence)
    if peering.round_id:
        return peering
    others = tuple(each for each in peering.peers if each.user_id != peer.user_id)
    return _begin((*others, peer), presence)


def leave(peering: Peering, presence: Presence) -> Peering | None:
    """Return what is when somebody has left the call, None when nobody agrees any more. `presence` has who is left."""
    peers = tuple(peer for peer in peering.peers if (peer.user_id, peer.session_id) in presence.sessions)
    if not peering.round_id:
        return _begin(peers, presence) if peers else None
    if len(peers) < FEWEST_PEERS:
        return None
    return Peering(peers, peering.round_id, _find_end(peers, peering.until_ms))


def withdraw(peering: Peering, user_id: int) -> Peering | None:
    """Return what is when somebody does not agree any more, None when nobody does then."""
    if peering.find(user_id) is None:
        return peering
    peers = tuple(peer for peer in peering.peers if peer.user_id != user_id)
    return None if peering.round_id or not peers else Peering(peers)


def _begin(peers: tuple[Peer, ...], presence: Presence) -> Peering:
    """Begin a round if all agree, and they are as many as may."""
    agreed = {(peer.user_id, peer.session_id) for peer in peers}
    if FEWEST_PEERS <= len(peers) <= presence.most and agreed.issuperset(presence.sessions):
        return Peering(peers, presence.round_id, presence.now_ms + CONNECT_MS)
    return Peering(peers)


def _find_end(peers: tuple[Peer, ...], until_ms: int) -> int:
    return 0 if all(peer.is_connected for peer in peers) else until_ms
