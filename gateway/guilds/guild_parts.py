"""The parts of a guild that are the same for many sessions: its fields and roles, the channels of a view, the people.

A part is encoded (and compressed once for each format) by the first session that needs it, and dropped when an event
makes it old. Channels carry their newest message's id, so they are a part of their own, and a message does not drop the
rest. The replay ring of a session keeps a part as long as it remembers the dispatch.

There are two forms. Bots get the objects of Discord's documentation. People's clients get members and presences that
also name user and guild beside the object (`id`, `user_id`, `guild_id`), and, if they can do that, the guild's fields
within `properties`.
"""

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from core.wire.objects.guilds.named_member import name_member
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
    VoiceChanged,
)
from gateway.guilds.state.guild_state import GuildState
from gateway.guilds.state.member_table import Fields, MemberState
from gateway.payloads.shared_pairs import SharedPairs
from gateway.payloads.shared_text import SharedText

_MAX_VIEWS: Final = 64
"""The number of views with kept channels. Members with the same roles share a view, so a guild has few; overwrites for
single members make more."""

_encode = msgspec.json.Encoder().encode

_EMPTY: Final[dict[str, Any]] = {
    "threads": [],
    "guild_scheduled_events": [],
    "soundboard_sounds": [],
}
_NOBODY_IN_VOICE: Final[dict[str, Any]] = {"voice_states": []}
_BESIDE_PROPERTIES: Final = ("id", "emojis", "stickers", "premium_subscription_count")
"""The fields that stand beside `properties`. They stand in it as well, where some clients look."""
_WITH_PROPERTIES: Final[dict[str, Any]] = {"data_mode": "full", "lazy": True, "version": 0}
"""`data_mode` says that nothing is left out because the client would know it (`client_state`)."""


class People:
    """The members that are listed for all sessions, and the presences of those who are not offline.

    READY of people has both as lists; GUILD_CREATE has them as pairs, which are made when the first one needs them.
    """

    __slots__ = ("_members", "_presences", "member_list", "presence_list", "user_ids")

    def __init__(self, user_ids: Iterable[int], members: list[msgspec.Raw], presences: list[msgspec.Raw]) -> None:
        self.user_ids = frozenset(user_ids)
        self.member_list: Final = SharedText(_encode(members))
        self.presence_list: Final = SharedText(_encode(presences))
        self._members: SharedPairs | None = None
        self._presences: SharedPairs | None = None

    @property
    def members(self) -> SharedPairs:
        """The members as a pair of their guild."""
        if self._members is None:
            self._members = SharedPairs(b'{"members":%b}' % self.member_list.json)
        return self._members

    @property
    def presences(self) -> SharedPairs:
        """The presences as a pair of their guild."""
        if self._presences is None:
            self._presences = SharedPairs(b'{"presences":%b}' % self.presence_list.json)
        return self._presences


class VoicePart:
    """Who is in voice in the channels of a view: as a pair of the guild, and as READY_SUPPLEMENTAL lists it."""

    __slots__ = ("pairs", "states")

    def __init__(self, states: list[msgspec.Raw]) -> None:
        self.states: Final = SharedText(_encode(states))
        self.pairs: Final = SharedPairs(b'{"voice_states":%b}' % self.states.json)


class GuildParts:
    """The parts of one guild."""

    __slots__ = ("_channels", "_guild", "_people", "_state", "_voice")

    def __init__(self, state: GuildState) -> None:
        """The parts follow `state` by their `REACTIONS`."""
        self._state = state
        self._guild: dict[bool, SharedPairs] = {}
        """The fields and roles, without and with `properties`."""
        self._channels: dict[frozenset[int], SharedPairs] = {}
        self._people: dict[tuple[bool, bool], People] = {}
        """The listed people, keyed by whether the guild counts as large and whether they are shown to a person."""
        self._voice: dict[frozenset[int], VoicePart] = {}
        """Who is in the voice channels of a view."""

    def forget_all(self, _: object) -> None:
        """Drop all parts: roles, the guild's fields or the number of its members have changed."""
        self._guild.clear()
        self._channels.clear()
        self._people.clear()
        self._voice.clear()

    def forget_channels(self, _: object) -> None:
        """Drop the channels: one has changed, or has another newest message."""
        self._channels.clear()

    def forget_people(self, _: object) -> None:
        """Drop the members and presences: one of them has changed."""
        self._people.clear()

    def forget_voice(self, change: VoiceChanged) -> None:
        """Drop who is in voice. While nobody is, that stands among the guild's fields."""
        self._voice.clear()
        if change.is_turning:
            self._guild.clear()

    def guild(self, *, has_properties: bool) -> SharedPairs:
        """Return the guild's fields and roles."""
        part = self._guild.get(has_properties)
        if part is None:
            state = self._state
            fields = _with_properties(state.fields) if has_properties else state.fields
            roles = [role.raw for role in state.roles.values()]
            empty = _EMPTY if state.voice else {**_EMPTY, **_NOBODY_IN_VOICE}
            pairs = {**fields, **empty, "member_count": state.members.count, "roles": roles}
            part = self._guild[has_properties] = SharedPairs(_encode(pairs))
        return part

    def channels(self, channel_ids: frozenset[int]) -> SharedPairs:
        """Return these channels, and those of their stages that are live."""
        part = self._channels.get(channel_ids)
        if part is None:
            if len(self._channels) >= _MAX_VIEWS:
                self._channels.clear()
            seen = [channel for channel in self._state.channels.values() if channel.id in channel_ids]
            pairs = {
                "channels": [channel.encode() for channel in seen],
                "stage_instances": [channel.stage for channel in seen if channel.stage is not None],
            }
            part = self._channels[channel_ids] = SharedPairs(_encode(pairs))
        return part

    def voice(self, channel_ids: frozenset[int]) -> VoicePart | None:
        """Return who is in voice in these channels: None while nobody of the guild is in voice."""
        if not self._state.voice:
            return None
        part = self._voice.get(channel_ids)
        if part is None:
            if len(self._voice) >= _MAX_VIEWS:
                self._voice.clear()
            seen = [entry.raw for entry in self._state.voice if entry.channel_id in channel_ids]
            part = self._voice[channel_ids] = VoicePart(seen)
        return part

    def people(self, *, large: bool, for_person: bool, without: frozenset[int] = frozenset()) -> People:
        """Return the listed people: of a large guild those who are online. Those in `without` are shown as offline."""
        if without:
            return self._list_people(large=large, for_person=for_person, without=without)
        people = self._people.get((large, for_person))
        if people is None:
            people = self._people[large, for_person] = self._list_people(large=large, for_person=for_person)
        return people

    def listed(self, *, large: bool, without: frozenset[int] = frozenset()) -> list[MemberState]:
        """Return all members of a guild that is not large and kept whole, else the members that are online.

        Of the online ones those in `without` are left out.
        """
        members = self._state.members
        if members.keeps_all and not large:
            return list(members)
        online = (user_id for user_id in self._state.presences if user_id not in without)
        return [member for user_id in online if (member := members.find(user_id)) is not None]

    def in_voice(self, channel_ids: frozenset[int]) -> list[MemberState]:
        """Return the members who are in voice in these channels, whether they are listed or not."""
        return [entry.member for entry in self._state.voice if entry.channel_id in channel_ids]

    def member(self, member: MemberState, *, for_person: bool) -> msgspec.Raw:
        """Return a member's object."""
        return name_member(member.raw, member.user_id, self._state.guild_id) if for_person else member.raw

    def _list_people(self, *, large: bool, for_person: bool, without: frozenset[int] = frozenset()) -> People:
        members = self.listed(large=large, without=without)
        presences = [each for each in self._state.presences.items() if each[0] not in without]
        if for_person:
            named = [_name_presence(user_id, presence) for user_id, presence in presences]
        else:
            named = [presence for _, presence in presences]
        return People(
            (member.user_id for member in members),
            [self.member(member, for_person=for_person) for member in members],
            named,
        )


def _with_properties(fields: Fields) -> dict[str, Any]:
    beside: dict[str, Any] = {name: fields[name] for name in _BESIDE_PROPERTIES if name in fields}
    return {**beside, **_WITH_PROPERTIES, "properties": fields}


def _name_presence(user_id: int, presence: msgspec.Raw) -> msgspec.Raw:
    """Return a presence with `user_id`, as people's clients read it."""
    return msgspec.Raw(b'{"user_id":"%d",' % user_id + bytes(presence)[1:])


REACTIONS: Final[Reactions[GuildParts]] = {
    GuildChanged: GuildParts.forget_all,
    RolePut: GuildParts.forget_all,
    RoleDeleted: GuildParts.forget_all,
    ChannelPut: GuildParts.forget_channels,
    ChannelDeleted: GuildParts.forget_channels,
    MessageAdded: GuildParts.forget_channels,
    MemberAdded: GuildParts.forget_all,
    MemberChanged: GuildParts.forget_people,
    MemberRemoved: GuildParts.forget_all,
    PresenceChanged: GuildParts.forget_people,
    VoiceChanged: GuildParts.forget_voice,
    # The listed members are online or kept for good. A member that is released has gone offline before.
    MemberReleased: None,
}
