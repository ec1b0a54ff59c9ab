"""What people's sessions look at in one guild, and so are told of: op 14, op 37, and what follows from having said nothing.

Brings together, for the guild's actor, its member lists and its passive sessions. The actor says what happens; who gets more or
less for it is decided there. Bots have no part in any of it, as at Discord: they get all.
"""

from collections.abc import Callable, Collection
from typing import Final

from core.domain.events import PRESENCE_UPDATE
from core.wire.envelope import Envelope
from core_ext.guild import SlotSet
from gateway.commands.commands import GuildSubscription, LazyGuilds
from gateway.guilds.guild_sessions import GuildSessions
from gateway.guilds.member_lists.list_contents import ListSources
from gateway.guilds.member_lists.member_lists import MemberLists
from gateway.guilds.member_lists.member_ranges import Ranges, parse_ranges
from gateway.guilds.passive_sessions import LargeGuilds, PassiveSessions
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
from gateway.payloads.dispatch_body import DispatchBody
from gateway.scheduling.batch_timer import CallLater
from gateway.sessions.session import Session

MAX_CHANNELS: Final = 5
"""Whose member lists a session looks at in one guild: Discord's clients keep those of the channels that were open last."""

MAX_ONLINE_SHOWN: Final = 1000
"""Users online of whom a person's GUILD_CREATE tells: with more, a login of all of them would cost the square of it."""


class Attention:
    """See the module."""

    __slots__ = ("_lists", "_passive", "_sessions", "_shape", "_state")

    def __init__(
        self,
        *,
        state: GuildState,
        sessions: GuildSessions,
        viewable: Callable[[MemberState], Collection[int]],
        call_later: CallLater,
        large: LargeGuilds | None = None,
    ) -> None:
        """`viewable` are a member's channels."""
        self._state = state
        self._sessions = sessions
        self._passive = PassiveSessions(
            state=state, sessions=sessions, options=large or LargeGuilds(), call_later=call_later
        )
        sources = ListSources(
            state=state,
            list_online=state.presences.keys,
            find_presence=state.presences.get,
            viewable=viewable,
            can_view=sessions.can_view,
            slots_of=sessions.slots_of,
            send=lambda body, slots: sessions.send(body, SlotSet(slots)),
        )
        self._lists = MemberLists(sources, call_later=call_later)
        self._shape: tuple[object, ...] = ()

    # -- sessions

    def limits(self, session: Session) -> bool:
        """Whether the session would be passive here, and not be shown who is online."""
        return self._passive.limits(session)

    def shows_others(self, session: Session, *, is_limited: bool) -> bool:
        """Whether GUILD_CREATE lists others than the session's own member. People have the member list for a crowd."""
        if session.profile.is_bot:
            return True
        return not is_limited and len(self._state.presences) <= MAX_ONLINE_SHOWN

    def enter(self, session: Session, *, is_limited: bool) -> None:
        """A session has attached."""
        if is_limited:
            self._passive.enter(session)
        self._lists.touch(session.user_id)

    def leave(self, slot: int) -> None:
        """A session is about to give its slot back; its user is touched when that has happened."""
        self._passive.leave(slot)
        self._lists.leave(slot)

    def subscribe(self, session: Session, asked: LazyGuilds | GuildSubscription) -> None:
        """A session's client says what it looks at. What it asks wrongly is left out."""
        slot = session.slots.get(self._state.guild_id)
        if slot is None:
            return
        self._passive.activate(slot, typing=asked.typing)
        if asked.members is not None:
            self._show_presences(slot, self._passive.follow(slot, asked.members))
        if asked.channels is not None:
            self._lists.subscribe(slot, _parse_channels(asked.channels))

    @property
    def keeps_lists(self) -> bool:
        """Whether there are member lists that must follow what happens."""
        return self._lists.are_kept

    def close(self) -> None:
        """Stop the timers."""
        self._passive.close()
        self._lists.close()

    def _show_presences(self, slot: int, user_ids: list[int]) -> None:
        guild_id = b'{"guild_id":"%d",' % self._state.guild_id
        for user_id in user_ids:
            presence = self._state.presences.get(user_id)
            if presence is not None:
                body = DispatchBody(PRESENCE_UPDATE, guild_id + bytes(presence)[1:])
                self._sessions.send(body, SlotSet((slot,)))

    # -- events

    def followers_of(self, user_id: int) -> SlotSet:
        """Sessions that are told of this member though they are not told of members; never the member's own."""
        return self._passive.followers_of(user_id)

    def note_message(self, envelope: Envelope) -> SlotSet:
        """A message was sent; the passive sessions that get it nevertheless."""
        return self._passive.note_message(envelope)

    def follow_member(
        self, change: MemberAdded | MemberChanged | MemberRemoved | MemberReleased | PresenceChanged
    ) -> None:
        """A member came, went or changed, or its presence did: it stands elsewhere in member lists, or nowhere."""
        self._lists.touch(change.user_id)

    def follow_guild(self, _: object) -> None:
        """The guild, a role or a channel changed: member lists may have other groups, other members, other names."""
        if self.keeps_lists:
            shape = _shape_of(self._state)
            if shape != self._shape:
                self._shape = shape
                self._lists.reshape()


REACTIONS: Final[Reactions[Attention]] = {
    GuildChanged: Attention.follow_guild,
    RolePut: Attention.follow_guild,
    RoleDeleted: Attention.follow_guild,
    ChannelPut: Attention.follow_guild,
    ChannelDeleted: Attention.follow_guild,
    MemberAdded: Attention.follow_member,
    MemberChanged: Attention.follow_member,
    MemberRemoved: Attention.follow_member,
    MemberReleased: Attention.follow_member,
    PresenceChanged: Attention.follow_member,
    # Messages are noted with their envelope (`note_message`), because what they say decides who gets them.
    MessageAdded: None,
}


def _shape_of(state: GuildState) -> tuple[object, ...]:
    """What member lists depend on beside members; a channel's topic or a role's colour is not of it."""
    roles = tuple((role.id, role.hoist, role.position, role.permissions) for role in state.roles.values())
    return state.owner_id, roles, tuple((channel.id, channel.overwrites) for channel in state.channels.values())


def _parse_channels(asked: dict[str, list[list[int]]]) -> dict[int, Ranges]:
    wanted: dict[int, Ranges] = {}
    for channel_id, given in list(asked.items())[:MAX_CHANNELS]:
        ranges = parse_ranges(given)
        if ranges is not None and channel_id.isascii() and channel_id.isdigit():
            wanted[int(channel_id)] = ranges
    return wanted
