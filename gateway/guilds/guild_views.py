"""The views of one guild: the channels that each session views, computed from the guild's state into the view index.

Only viewers who may connect to a voice channel read its text. They are computed when a message is sent there, which is
rare, and not kept.

Members with the same roles view the same channels, except the owner and members with overwrites of their own. So each
set of roles in use is a *kind* with a number. A change is computed once for each kind, and the index gives the slots of
the kinds:

    roles, overwrites ─→ permission kernel, once a kind and channel ─→ slots of those kinds ─→ the few others one by one

Owns the numbers of the kinds, and the results computed since the guild's roles and overwrites changed last.
"""

from collections.abc import Iterable
from typing import Final

import msgspec

from core.domain.guilds.permissions import Permission
from core_ext.guild import SlotSet, compute_channel
from gateway.guilds.guild_sessions import GuildSessions
from gateway.guilds.state.channel_state import ChannelState
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

_VIEW: Final = int(Permission.VIEW_CHANNEL)
_CONNECT: Final = int(Permission.CONNECT)

_MANY_USERS: Final = 64
"""Above this number of users everything is computed anew, which costs the guild's kinds instead of its users."""
_SPARE_KINDS: Final = 64
"""The kinds are numbered anew when there are this many more kinds than users, because some are unused then."""

_Roles = frozenset[int]


class ViewChange(msgspec.Struct, frozen=True, eq=False):
    """A channel, with the slots that lost it and those that gained it."""

    channel_id: int
    lost: SlotSet
    gained: SlotSet


class GuildViews:
    """The index follows `state` by its `REACTIONS`; `take_changes` returns the changes of views."""

    __slots__ = ("_bases", "_changes", "_kinds", "_sessions", "_single", "_state", "_viewable", "_views")

    def __init__(self, state: GuildState, sessions: GuildSessions) -> None:
        self._state = state
        self._sessions = sessions
        self._kinds: dict[_Roles, int] = {}
        """The number of each kind, in ascending order from 1. A slot has 0 before `place`."""
        self._bases: dict[_Roles, int] = {}
        self._views: dict[int, dict[_Roles, int]] = {}
        """VIEW_CHANNEL and CONNECT as a member of a kind holds them in a channel, keyed by channel and kind."""
        self._viewable: dict[_Roles, frozenset[int]] = {}
        self._single: frozenset[int] | None = None
        self._changes: list[ViewChange] = []

    def take_changes(self) -> list[ViewChange]:
        """Return the views that have changed since the last call, in the order of channel ids."""
        changes, self._changes = self._changes, []
        return changes

    # -- changes of the guild

    def follow_guild(self, change: GuildChanged) -> None:
        """Follow the guild: a new owner views everything, the former one no more."""
        self._forget()
        self._changes += self._refresh(change.owner_ids)

    def follow_role(self, change: RolePut) -> None:
        """Follow a role: its members may view other channels. Everybody has the guild's own role."""
        self._forget()
        if change.decides_views:
            self._changes += self._refresh_kinds(0 if change.role_id == self._state.guild_id else change.role_id)

    def follow_deleted_role(self, change: RoleDeleted) -> None:
        """Follow a role that is gone: its members are of other kinds now."""
        self._forget()
        self._changes += self._refresh(change.holder_ids)

    def follow_channel(self, change: ChannelPut) -> None:
        """Compute the viewers of a channel that is new or changed."""
        channel = change.channel
        self._forget_channel(channel.id)
        before = self._sessions.viewers(channel.id)
        now = self._sessions.of_kinds(self._kinds_with(_VIEW, channel, None))
        self._decide_single(_VIEW, channel, now)
        self._changes.append(self._replace(channel.id, before, now))

    def follow_deleted_channel(self, change: ChannelDeleted) -> None:
        """Drop a channel that is gone. Its sessions hear that from the event itself."""
        self._sessions.drop_channel(change.channel_id)
        self._forget_channel(change.channel_id)

    def follow_member(self, change: MemberChanged) -> None:
        """Follow a member, who may have other roles."""
        self._changes += self._refresh((change.user_id,))

    def _forget(self) -> None:
        """Drop all results: roles or the owner have changed."""
        self._viewable.clear()
        self._single = None
        self._views.clear()
        self._bases.clear()

    def _forget_channel(self, channel_id: int) -> None:
        self._viewable.clear()
        self._single = None
        self._views.pop(channel_id, None)

    # -- queries

    def viewable(self, member: MemberState) -> frozenset[int]:
        """Return the channels that a member may view: one object for all members of a kind, until something changes."""
        channels = self._state.channels
        if member.user_id == self._state.owner_id:
            return frozenset(channels)
        found = self._viewable.get(member.role_ids)
        if found is None:
            found = frozenset(each.id for each in channels.values() if self._kind_holds(each, member.role_ids) & _VIEW)
            self._viewable[member.role_ids] = found
        if member.user_id in self._find_single():
            return frozenset(each.id for each in channels.values() if self._holds(_VIEW, each, member))
        return found

    def readers(self, channel_id: int, viewers: SlotSet) -> SlotSet:
        """Keep the viewers of a channel who get its messages."""
        channel = self._state.channels.get(channel_id)
        if channel is None or not channel.is_vocal or not viewers:
            return viewers
        connecting = self._sessions.of_kinds(self._kinds_with(_CONNECT, channel, None))
        self._decide_single(_CONNECT, channel, connecting)
        return viewers & connecting

    def place(self, member: MemberState) -> None:
        """Set the kind of a member's slots, when a session has attached or the member's roles have changed."""
        if len(self._kinds) > len(self._sessions.users()) + _SPARE_KINDS:
            self._number_anew()
        self._sessions.set_kind(member.user_id, self._number_of(member.role_ids))

    def _refresh(self, user_ids: Iterable[int]) -> list[ViewChange]:
        """Compute the views of some users anew."""
        users = [user_id for user_id in user_ids if self._sessions.slots_of(user_id)]
        for user_id in users:
            member = self._state.members.find(user_id)
            if member is not None:
                self.place(member)
        return self._refresh_kinds(0) if len(users) > _MANY_USERS else self._refresh_users(users)

    # -- many

    def _refresh_kinds(self, role_id: int) -> list[ViewChange]:
        """Compute the views of all kinds with a role anew; 0 means all kinds."""
        touched = self._sessions.of_kinds(bytes([0, *(not role_id or role_id in roles for roles in self._kinds)]))
        if not touched:
            return []
        changes = []
        for channel in sorted(self._state.channels.values(), key=lambda each: each.id):
            before = self._sessions.viewers(channel.id)
            seeing = self._sessions.of_kinds(self._kinds_with(_VIEW, channel, role_id))
            now = (before - touched) | seeing
            self._decide_single(_VIEW, channel, now)
            if now != before:
                changes.append(self._replace(channel.id, before, now))
        return changes

    def _kinds_with(self, permission: int, channel: ChannelState, role_id: int | None) -> bytes:
        """Return a byte for each kind: whether it holds the permission in the channel, and has the given role."""
        views = self._views.get(channel.id)
        if views is None:
            views = self._views[channel.id] = {}
        return bytes(
            [
                0,
                *(
                    (not role_id or role_id in roles)
                    and bool((views[roles] if roles in views else self._kind_holds(channel, roles)) & permission)
                    for roles in self._kinds
                ),
            ]
        )

    def _decide_single(self, permission: int, channel: ChannelState, now: SlotSet) -> None:
        """Decide about the owner and about members with overwrites of their own."""
        for user_id in (self._state.owner_id, *channel.member_ids):
            slots = self._sessions.slots_of(user_id)
            member = self._state.members.find(user_id) if slots else None
            if member is None:
                continue
            for slot in slots:
                if self._holds(permission, channel, member):
                    now.add(slot)
                else:
                    now.discard(slot)

    def _replace(self, channel_id: int, before: SlotSet, now: SlotSet) -> ViewChange:
        self._sessions.set_viewers(channel_id, now)
        return ViewChange(channel_id, lost=before - now, gained=now - before)

    # -- some

    def _refresh_users(self, user_ids: Iterable[int]) -> list[ViewChange]:
        changes: dict[int, ViewChange] = {}
        for user_id in user_ids:
            member = self._state.members.find(user_id)
            before = self._sessions.viewable(user_id)
            now = frozenset() if member is None else self.viewable(member)
            slots = SlotSet(self._sessions.slots_of(user_id))
            for channel_ids, is_visible in ((before - now, False), (now - before, True)):
                self._sessions.set_viewable(user_id, channel_ids, visible=is_visible)
                for channel_id in channel_ids:
                    change = changes.get(channel_id) or ViewChange(channel_id, SlotSet(), SlotSet())
                    changes[channel_id] = _extended(change, slots, is_visible=is_visible)
        return [changes[channel_id] for channel_id in sorted(changes)]

    # -- one

    def _holds(self, permission: int, channel: ChannelState, member: MemberState) -> bool:
        """Return whether a member holds a permission. A timeout leaves viewing and reading, so it does not matter."""
        if member.user_id == self._state.owner_id:
            return True
        if member.user_id in channel.member_ids:
            return bool(self._compute(channel, member.role_ids, member.user_id) & permission)
        return bool(self._kind_holds(channel, member.role_ids) & permission)

    def _kind_holds(self, channel: ChannelState, roles: _Roles) -> int:
        views = self._views.get(channel.id)
        if views is None:
            views = self._views[channel.id] = {}
        held = views.get(roles)
        if held is None:
            held = views[roles] = self._compute(channel, roles, 0)
        return held

    def _compute(self, channel: ChannelState, roles: _Roles, user_id: int) -> int:
        base = self._bases.get(roles)
        if base is None:
            base = self._bases[roles] = self._state.compute_base(roles)
        held = compute_channel(base, self._state.guild_id, roles, user_id, channel.overwrites)
        return held & (_VIEW | _CONNECT)

    def _find_single(self) -> frozenset[int]:
        if self._single is None:
            self._single = frozenset().union(*(channel.member_ids for channel in self._state.channels.values()))
        return self._single

    # -- kinds

    def _number_of(self, roles: _Roles) -> int:
        number = self._kinds.get(roles)
        if number is None:
            number = self._kinds[roles] = len(self._kinds) + 1
        return number

    def _number_anew(self) -> None:
        self._kinds.clear()
        for user_id in self._sessions.users():
            member = self._state.members.find(user_id)
            if member is not None:
                self._sessions.set_kind(user_id, self._number_of(member.role_ids))


def _extended(change: ViewChange, slots: SlotSet, *, is_visible: bool) -> ViewChange:
    if is_visible:
        return ViewChange(change.channel_id, lost=change.lost, gained=change.gained | slots)
    return ViewChange(change.channel_id, lost=change.lost | slots, gained=change.gained)


REACTIONS: Final[Reactions[GuildViews]] = {
    GuildChanged: GuildViews.follow_guild,
    RolePut: GuildViews.follow_role,
    RoleDeleted: GuildViews.follow_deleted_role,
    ChannelPut: GuildViews.follow_channel,
    ChannelDeleted: GuildViews.follow_deleted_channel,
    MemberChanged: GuildViews.follow_member,
    # Views belong to sessions: they come by `place` and go with the slots.
    MemberAdded: None,
    MemberRemoved: None,
    MemberReleased: None,
    MessageAdded: None,
    PresenceChanged: None,
    VoiceChanged: None,
}
