"""GUILD_CREATE: a guild as one session sees it, made of parts that all sessions with the same view share.

```
 own:    joined_at, large, unavailable          made for each session, with its member when the shared list lacks it
 shared: fields and roles │ channels of a view │ members │ presences      made once, until an event changes them
```

A part is encoded (and compressed once for each format) by the first session that needs it, and dropped when an event
makes it old. Channels carry their newest message's id, so they are a part of their own, and a message does not drop the
rest. The replay ring of a session keeps a part as long as it remembers the dispatch.

Source: Discord's documentation, "Guild Create". The end-to-end tests hold the fields that client libraries read.
"""

from typing import Any, Final

import msgspec

from core.domain.events import GUILD_CREATE
from core.domain.intents import Intent
from gateway.guilds.state.guild_changes import (
    ChannelDeleted,
    ChannelPut,
    GuildChanged,
    MemberAdded,
    MemberChanged,
    MemberReleased,
    MemberRemoved,
    MessageAdded,
    PresenceChanged,
    Reactions,
    RoleDeleted,
    RolePut,
)
from gateway.guilds.state.guild_state import GuildState
from gateway.guilds.state.member_table import MemberState
from gateway.payloads.shared_pairs import SharedPairs
from gateway.payloads.spliced_body import SplicedBody
from gateway.sessions.seat import Seat

_PRESENCES: Final = int(Intent.GUILD_PRESENCES)
_MAX_MEMBERS_WITH_PRESENCES: Final = 75_000
"""Above it, GUILD_CREATE lists only the session's own member (Discord's rule)."""
_MAX_VIEWS: Final = 64
"""The number of views with kept channels. Members with the same roles share a view, so a guild has few; overwrites for
single members make more."""

_encode = msgspec.json.Encoder().encode


class _Member(msgspec.Struct):
    """The fields that are read of a member object."""

    joined_at: msgspec.Raw


_decode_member = msgspec.json.Decoder(_Member).decode

_EMPTY: Final[dict[str, Any]] = {
    "voice_states": [],
    "threads": [],
    "stage_instances": [],
    "guild_scheduled_events": [],
    "soundboard_sounds": [],
}


class _People:
    """The members that are listed for all sessions, and the presences of those who are not offline."""

    __slots__ = ("parts", "user_ids")

    def __init__(self, members: list[MemberState], presences: list[msgspec.Raw]) -> None:
        self.user_ids = frozenset(member.user_id for member in members)
        self.parts = (
            SharedPairs(_encode({"members": [member.raw for member in members]})),
            SharedPairs(_encode({"presences": presences})),
        )


class GuildCreates:
    """The GUILD_CREATEs of one guild."""

    __slots__ = ("_channels", "_guild", "_people", "_state")

    def __init__(self, state: GuildState) -> None:
        """The parts follow `state` by their `REACTIONS`."""
        self._state = state
        self._guild: SharedPairs | None = None
        self._channels: dict[frozenset[int], SharedPairs] = {}
        self._people: dict[bool, _People] = {}
        """The listed members, keyed by whether the guild counts as large."""

    def forget_all(self, _: object) -> None:
        """Drop all parts: roles, the guild's fields or the number of its members have changed."""
        self._guild = None
        self._channels.clear()
        self._people.clear()

    def forget_channels(self, _: object) -> None:
        """Drop the channels: one has changed, or has another newest message."""
        self._channels.clear()

    def forget_people(self, _: object) -> None:
        """Drop the members and presences: one of them has changed."""
        self._people.clear()

    def build(
        self,
        session: Seat,
        member: MemberState,
        *,
        channel_ids: frozenset[int],
        is_new: bool,
        shows_others: bool = True,
    ) -> SplicedBody:
        """Make GUILD_CREATE for a session.

        `channel_ids` are the channels that it may view. On a fresh join (`is_new`) there is no `unavailable` key, by
        which libraries tell a join from a reconnect. With `shows_others` False it lists only the session's own member.
        """
        count = self._state.members.count
        large = count > session.profile.large_threshold
        own: dict[str, Any] = {"joined_at": _decode_member(member.raw).joined_at, "large": large}
        if not is_new:
            own["unavailable"] = False
        parts: tuple[SharedPairs, ...] = (self._guild_part(), self._channels_part(channel_ids))
        if not shows_others or not session.intents & _PRESENCES or count > _MAX_MEMBERS_WITH_PRESENCES:
            own["members"], own["presences"] = [member.raw], []
            return SplicedBody(GUILD_CREATE, _encode(own), parts)
        people = self._find_people(large=large)
        members, presences = people.parts
        if member.user_id in people.user_ids:
            return SplicedBody(GUILD_CREATE, _encode(own), (*parts, members, presences))
        others = [each.raw for each in self._listed(large=large) if each.user_id != member.user_id]
        own["members"] = [*others, member.raw]
        return SplicedBody(GUILD_CREATE, _encode(own), (*parts, presences))

    def _guild_part(self) -> SharedPairs:
        if self._guild is None:
            state = self._state
            roles = [role.raw for role in state.roles.values()]
            pairs = {**state.fields, **_EMPTY, "member_count": state.members.count, "roles": roles}
            self._guild = SharedPairs(_encode(pairs))
        return self._guild

    def _channels_part(self, channel_ids: frozenset[int]) -> SharedPairs:
        part = self._channels.get(channel_ids)
        if part is None:
            if len(self._channels) >= _MAX_VIEWS:
                self._channels.clear()
            seen = [channel.encode() for channel in self._state.channels.values() if channel.id in channel_ids]
            part = self._channels[channel_ids] = SharedPairs(_encode({"channels": seen}))
        return part

    def _find_people(self, *, large: bool) -> _People:
        people = self._people.get(large)
        if people is None:
            people = _People(self._listed(large=large), list(self._state.presences.values()))
            self._people[large] = people
        return people

    def _listed(self, *, large: bool) -> list[MemberState]:
        """Return all members of a guild that is not large and kept whole, else the members that are online."""
        members = self._state.members
        if members.keeps_all and not large:
            return list(members)
        return [member for user_id in self._state.presences if (member := members.find(user_id)) is not None]


REACTIONS: Final[Reactions[GuildCreates]] = {
    GuildChanged: GuildCreates.forget_all,
    RolePut: GuildCreates.forget_all,
    RoleDeleted: GuildCreates.forget_all,
    ChannelPut: GuildCreates.forget_channels,
    ChannelDeleted: GuildCreates.forget_channels,
    MessageAdded: GuildCreates.forget_channels,
    MemberAdded: GuildCreates.forget_all,
    MemberChanged: GuildCreates.forget_people,
    MemberRemoved: GuildCreates.forget_all,
    PresenceChanged: GuildCreates.forget_people,
    # The listed members are online or kept for good. A member that is released has gone offline before.
    MemberReleased: None,
}
