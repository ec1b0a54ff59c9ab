"""What workers say to each other of users who may have sessions at several of them.

```
 host (has some of the user's sessions)                       home of the user
   UserSaid ─────────────────────────────────────────────────→ all its sessions of the user, as they are now
   ←───────────────── UserWord                                  the user's sessions elsewhere, and what was counted
   ←───────────────── Excess                                    a session that is to end
   AllSaid ──────────────────────────────────────────────────→ after a conversation has begun: that was everybody
   TellGuilds, TellUnseen ───────────────────────────────────→ what the home is to tell others
   AskFriends ───────────────────────────────────────────────→ home of friends
   ←───────────────── FriendsAre
 home of the user                                              home of friends
   TellFriends ──────────────────────────────────────────────→ a presence
```

Frames are msgpack arrays that begin with their kind, as those of `gateway.far.frames`, with kinds of their own.
"""

from typing import Final, TypeAlias

import msgspec

from gateway.users.other_session import OtherSession
from gateway.users.presence import MergedPresence

_FIRST_KIND: Final = 48
_LAST_KIND: Final = 63


class UserFrame(msgspec.Struct, frozen=True, array_like=True):
    """One of the frames below."""


class UserSaid(UserFrame, frozen=True, array_like=True, tag=48):
    """All sessions of a user at the sender, none when the last one has ended."""

    user_id: int
    is_bot: bool
    sessions: list[OtherSession]
    guild_ids: list[int]
    """The guilds that they are in, or were in last."""
    is_told: bool = False
    """Whether another home has been told of the user before, so that others know the presence."""
    is_doubted: bool = False
    """Whether another home has been told so lately that others may not know of it."""


class AllSaid(UserFrame, frozen=True, array_like=True, tag=49):
    """Each user of the sender whose home is the receiver has been said since the conversation began."""


class UserWord(UserFrame, frozen=True, array_like=True, tag=50):
    """What the receiver is to know of a user: the sessions elsewhere, and which of its own are known."""

    user_id: int
    sessions: list[OtherSession]
    heard: list[str]


class Excess(UserFrame, frozen=True, array_like=True, tag=51):
    """A session of the receiver is to end: its user has too many."""

    user_id: int
    session_id: str


class TellGuilds(UserFrame, frozen=True, array_like=True, tag=52):
    """Guilds are to be told the presence that a user has now."""

    user_id: int
    guild_ids: list[int]


class TellUnseen(UserFrame, frozen=True, array_like=True, tag=53):
    """A user has been offline for others since a time, if it is so still."""

    user_id: int
    at_ms: int


class TellFriends(UserFrame, frozen=True, array_like=True, tag=54):
    """Friends, whose home is the receiver, are to be told the presence of a user."""

    user_id: int
    presence: MergedPresence
    friend_ids: list[int]


class AskFriends(UserFrame, frozen=True, array_like=True, tag=55):
    """The presences of some users are asked for, whose home is the receiver."""

    request: int
    user_ids: list[int]


class FriendsAre(UserFrame, frozen=True, array_like=True, tag=56):
    """The answer to AskFriends: the presences by user id, without those that are offline."""

    request: int
    found: dict[int, MergedPresence]


OfUsers: TypeAlias = (
    UserSaid | AllSaid | UserWord | Excess | TellGuilds | TellUnseen | TellFriends | AskFriends | FriendsAre
)

_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgspec.msgpack.Decoder(OfUsers)


def encode_user_frame(frame: OfUsers) -> bytes:
    """Encode a frame for the link."""
    return _encoder.encode(frame)


def is_user_frame(data: bytes) -> bool:
    """Return whether bytes of a link are a frame of this kind: a short array that begins with one of the numbers."""
    return len(data) > 1 and _FIRST_KIND <= data[1] <= _LAST_KIND


def decode_user_frame(data: bytes) -> OfUsers:
    """Decode the bytes of `encode_user_frame`.

    Raises:
        msgspec.MsgspecError: when they are no frame.
    """
    found: OfUsers = _decoder.decode(data)
    return found
