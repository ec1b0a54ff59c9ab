"""The attention of people's sessions in one guild: their subscriptions by op 14 and op 37, and the events without one.

It stands before the guild's member lists and its passive sessions, which decide who gets more or less. The guild's
actor tells it what happens. Bots are not affected, as at Discord: they get everything.
"""

from collections.abc import Callable, Collection
from typing import Final

from core.domain.events import PRESENCE_UPDATE
from core.wire.envelope import Envelope
from core_ext.guild import SlotSet
from gateway.commands.commands import GuildSubscription, LazyGuilds
from gateway.guilds.guild_sessions import GuildSessions
from gateway.guilds.hiding import HiddenFrom, hide_in_list, hides_nobody
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
    VoiceChanged,
)
from gateway.guilds.state.guild_state import GuildState
from gateway.guilds.state.member_table import MemberState
from gateway.payloads.dispatch_body import DispatchBody
from gateway.scheduling.batch_timer import CallLater
from gateway.sessions.seat import Seat
from gateway.sessions.session_guild import join_subscriptions

MAX_CHANNELS: Final = 5
"""The channels whose member lists a session may watch in one guild. Discord's clients watch those that were open
last."""

MAX_ONLINE_SHOWN: Final = 1000
"""The most online users that a person's GUILD_CREATE lists. With more, the logins of all of them would cost the
square."""


class Attention:
    __slots__ = ("_hidden_from", "_lists", "_passive", "_sessions", "_shape", "_state", "_subscriptions")

    def __init__(
        self,
        *,
        state: GuildState,
        sessions: GuildSessions,
        viewable: Callable[[MemberState], Collection[int]],
        readers: Callable[[int, SlotSet], SlotSet],
        call_later: CallLater,
        large: LargeGuilds | None = None,
        hidden_from: HiddenFrom = hides_nobody,
    ) -> None:
        """`viewable` gives the channels that a member views, `readers` keeps the viewers who read a channel.

        `hidden_from` says whose presence a user does not see.
        """
        self._hidden_from = hidden_from
        self._state = state
        self._sessions = sessions
        self._passive = PassiveSessions(
            state=state, sessions=sessions, readers=readers, options=large or LargeGuilds(), call_later=call_later
        )
        sources = ListSources(
            state=state,
            list_online=state.presences.keys,
            find_presence=state.presences.get,
            viewable=viewable,
            can_view=sessions.can_view,
            slots_of=sessions.slots_of,
            send=self._send_list,
        )
        self._lists = MemberLists(sources, call_later=call_later)
        self._subscriptions: dict[int, GuildSubscription] = {}
        """What the client of each slot has subscribed to so far."""
        self._shape: tuple[object, ...] = ()
        """The shape of the guild that the lists follow. It is out of date while there are no lists."""

    # -- sessions

    def limits(self, session: Seat) -> bool:
        """Return whether the session would be passive here, and not be shown online members."""
        return self._passive.limits(session)

    def shows_others(self, session: Seat, *, is_limited: bool) -> bool:
        """Return whether GUILD_CREATE lists other members. In a crowd people have the member list."""
        if session.profile.is_bot:
            return True
        return not is_limited and len(self._state.presences) <= MAX_ONLINE_SHOWN

    def enter(self, session: Seat, *, is_limited: bool) -> None:
        """Note that a session has attached."""
        if is_limited:
            self._passive.enter(session)
        self._lists.touch(session.user_id)

    def leave(self, slot: int) -> None:
        """Forget a session that is about to give its slot back. Its user is touched when that has happened."""
        self._passive.leave(slot)
        self._lists.leave(slot)
        self._subscriptions.pop(slot, None)

    def subscribe(self, session: Seat, asked: LazyGuilds | GuildSubscription) -> None:
        """Take a subscription of a session's client. Invalid parts of it are ignored."""
        slot = session.slots.get(self._state.guild_id)
        if slot is None:
            return
        self._subscriptions[slot] = join_subscriptions(self._subscriptions.get(slot), asked)
        self._passive.activate(slot, typing=asked.typing)
        if asked.members is not None:
            self._show_presences(slot, self._passive.follow(slot, asked.members))
        if asked.channels is not None:
            if not self.keeps_lists:
                self._shape = _shape_of(self._state)
            self._lists.subscribe(slot, _parse_channels(asked.channels))

    def is_limited(self, slot: int) -> bool:
        """Return whether a session is limited here, passive or not."""
        return self._passive.is_limited(slot)

    def subscription_of(self, slot: int) -> GuildSubscription | None:
        """Return what a session's client has subscribed to so far, None when it never did."""
        return self._subscriptions.get(slot)

    @property
    def keeps_lists(self) -> bool:
        """Whether there are member lists that must follow the guild's events."""
        return self._lists.are_kept

    def close(self) -> None:
        """Stop the timers."""
        self._passive.close()
        self._lists.close()

    def _show_presences(self, slot: int, user_ids: list[int]) -> None:
        guild_id = b'{"guild_id":"%d",' % self._state.guild_id
        hidden = self._hidden_from(self._sessions.at(slot).user_id)
        for user_id in user_ids:
            presence = self._state.presences.get(user_id)
            if user_id not in hidden and presence is not None:
                body = DispatchBody(PRESENCE_UPDATE, guild_id + bytes(presence)[1:])
                self._sessions.send(body, SlotSet((slot,)))

    def _send_list(self, body: DispatchBody, slots: Collection[int], channel_id: int) -> None:
        """Send a part of a member list to those of these sessions that view the channel."""
        seen = SlotSet(slots) & self._sessions.viewers(channel_id)
        for slot in list(seen):
            hidden = self._hidden_from(self._sessions.at(slot).user_id)
            if hidden and (own := hide_in_list(body, hidden)) is not body:
                seen -= SlotSet((slot,))
                self._sessions.send(own, SlotSet((slot,)))
        self._sessions.send(body, seen)

    # -- events

    def followers_of(self, user_id: int) -> SlotSet:
        """Return the sessions that subscribed to this member, without the member's own."""
        return self._passive.followers_of(user_id)

    def note_message(self, envelope: Envelope) -> SlotSet:
        """Note a message. Return the passive sessions that get it nevertheless."""
        return self._passive.note_message(envelope)

    def find_mentioned(self, envelope: Envelope) -> SlotSet:
        """Return the passive sessions that get a message which was noted before."""
        return self._passive.find_mentioned(envelope)

    def note_unread(self, channel_id: int) -> None:
        """Tell passive sessions once more that a channel has had messages, for some were not here then."""
        self._passive.note_unread(channel_id)

    def follow_member(
        self, change: MemberAdded | MemberChanged | MemberRemoved | MemberReleased | PresenceChanged
    ) -> None:
        """Follow a member that came, went or changed: its place in member lists may be another one, or none."""
        self._lists.touch(change.user_id)

    def follow_guild(self, _: object) -> None:
        """Follow the guild, its roles and channels: member lists may have other groups, members or names."""
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
    # Messages are noted with their envelope (`note_message`), because their mentions decide who gets them.
    MessageAdded: None,
    VoiceChanged: None,
}


def _shape_of(state: GuildState) -> tuple[object, ...]:
    """Return everything beside members that member lists depend on: not a channel's topic or a role's colour."""
    roles = tuple((role.id, role.hoist, role.position, role.permissions) for role in state.roles.values())
    return state.owner_id, roles, tuple((channel.id, channel.overwrites) for channel in state.channels.values())


def _parse_channels(asked: dict[str, list[list[int]]]) -> dict[int, Ranges]:
    wanted: dict[int, Ranges] = {}
    for channel_id, given in list(asked.items())[:MAX_CHANNELS]:
        ranges = parse_ranges(given)
        if ranges is not None and channel_id.isascii() and channel_id.isdigit():
            wanted[int(channel_id)] = ranges
    return wanted
