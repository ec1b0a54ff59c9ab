"""What two workers say to each other over their link about sessions of one in guilds of the other.

```
 host (has the session)                                       home (has the guild)
   Enter ───────────────────────────────────────────────────→ the guest takes a seat, or takes it again
   ←───────────────── Seated, Told (GUILD_CREATE), Arrived    or Refused
   ←───────────────── Told, Spread                            events for one guest, or for all of the host's
   Subscribe, Leave, End ───────────────────────────────────→
   ←───────────────── Unseated                                the guest has left, or was made to
   AskPresences ────────────────────────────────────────────→
   ←───────────────── Presences
   ←───────────────── Reached                                 how far the home's logs have been dispatched
```

A session has a number, which its host gives, and which is never given again in the life of the host. Bodies are JSON,
as everywhere before the connections. Frames are msgpack arrays that begin with their kind.
"""

import enum
from typing import Final, TypeAlias

import msgspec

from gateway.commands.commands import GuildSubscription
from gateway.sessions.session import SessionProfile


class Frame(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One of the frames below."""


class Way(enum.IntEnum):
    """The way in which a session is shown the guild that it enters."""

    CREATE = 0
    """By GUILD_CREATE: bots, and people who join."""
    SHOWN = 1
    """In READY of a person."""
    BACK = 2
    """Not at all: it has been in the guild, at another home of it or over another conversation, and goes on."""


class Enter(Frame, frozen=True, array_like=True, tag=1):
    """A session wants to enter a guild. `is_new`: its user has just joined. `attempt` tells the answers apart."""

    session: int
    attempt: int
    profile: SessionProfile
    guild_id: int
    way: Way
    is_new: bool
    presence: bytes
    """The user's as in GUILD_CREATE, no bytes when it is offline."""
    after: int = 0
    """A position of the guild's shard. For who has joined: what was said after it, and after the join, follows. For who
    comes back: all that has happened after it follows."""
    is_limited: bool = False
    """What `gateway.sessions.session_guild` has of who comes back."""
    subscription: GuildSubscription | None = None


class Leave(Frame, frozen=True, array_like=True, tag=2):
    """A session does not want to be in a guild any more."""

    session: int
    guild_id: int


class End(Frame, frozen=True, array_like=True, tag=3):
    """A session has ended."""

    session: int


class Subscribe(Frame, frozen=True, array_like=True, tag=4):
    """A session's client subscribes to a guild."""

    session: int
    guild_id: int
    asked: GuildSubscription


class AskPresences(Frame, frozen=True, array_like=True, tag=5):
    """The presences of some users in a guild are asked for, as one viewer sees them."""

    request: int
    guild_id: int
    viewer_id: int
    user_ids: list[int]


class Seated(Frame, frozen=True, array_like=True, tag=16):
    """A guest has a slot. Events may follow, which it gets when its host has shown it the guild."""

    session: int
    guild_id: int
    slot: int
    """The far slot (`core_ext.guild.ViewIndex`)."""
    attempt: int
    """That of Enter."""


class Part(Frame, frozen=True, array_like=True):
    """A guild as READY shows it: what `gateway.sessions.shown_guild` has, as JSON."""

    own: bytes
    parts: list[bytes]
    member: bytes
    members: bytes | None
    presences: bytes | None
    channel_ids: list[int]
    voice_states: bytes | None = None


class Arrived(Frame, frozen=True, array_like=True, tag=17):
    """A guest that is seated has been told everything that it begins with."""

    session: int
    attempt: int
    guild_id: int
    is_limited: bool
    shown: Part | None


class Refused(Frame, frozen=True, array_like=True, tag=18):
    """A session cannot enter a guild: its user is no member, or the guild cannot be loaded (`is_unavailable`)."""

    session: int
    attempt: int
    guild_id: int
    is_unavailable: bool


class Unseated(Frame, frozen=True, array_like=True, tag=19):
    """A guest's slot was given back."""

    session: int
    guild_id: int
    slot: int


class Told(Frame, frozen=True, array_like=True, tag=20):
    """An event for one guest: `own` is its `d`, or the pairs before those that it shares with others."""

    session: int
    event: str
    own: bytes
    parts: list[bytes] = []


class Spread(Frame, frozen=True, array_like=True, tag=21):
    """An event for those of the host's guests in a guild whose far slots are in these words."""

    guild_id: int
    event: str
    payload: bytes
    words: bytes


class SpreadMessage(Frame, frozen=True, array_like=True, tag=24):
    """A message event, of which the host makes the variants that its sessions may see."""

    guild_id: int
    event: str
    payload: bytes
    words: bytes
    author_id: int
    mention_ids: list[int]
    trace: bytes | None = None
    """The context of a message that is traced (`core.runtime.traces`)."""


class Presences(Frame, frozen=True, array_like=True, tag=22):
    """The answer to AskPresences."""

    request: int
    found: list[bytes]


class Reached(Frame, frozen=True, array_like=True, tag=23):
    """The positions of shards of the home up to which everything has been dispatched to its guests.

    It follows each turn of the home's loop in which there was anything for guests, with the shards of that, so that the
    host knows what it has got whole. All shards come twice a second.
    """

    positions: dict[int, int]


ToHome: TypeAlias = Enter | Leave | End | Subscribe | AskPresences
ToHost: TypeAlias = Seated | Arrived | Refused | Unseated | Told | Spread | SpreadMessage | Presences | Reached

_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgspec.msgpack.Decoder(ToHome | ToHost)


def encode_frame(frame: ToHome | ToHost) -> bytes:
    """Encode a frame for the link."""
    return _encoder.encode(frame)


def decode_frame(data: bytes) -> ToHome | ToHost:
    """Decode the bytes of `encode_frame`.

    Raises:
        msgspec.MsgspecError: when they are no frame.
    """
    found: ToHome | ToHost = _decoder.decode(data)
    return found
