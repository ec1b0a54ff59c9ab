"""The number of online members of a guild, for a keeper outside the guild."""

from collections.abc import Callable
from typing import Final

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


class OnlineCount:
    """Tells the number whenever it may have changed."""

    __slots__ = ("_on_online", "_state")

    def __init__(self, state: GuildState, on_online: Callable[[int, int], None] | None) -> None:
        """`on_online` takes the guild's id and the number."""
        self._state = state
        self._on_online = on_online

    def follow_presence(self, _: PresenceChanged) -> None:
        """Tell the number after a change of a presence."""
        if self._on_online is not None:
            self._on_online(self._state.guild_id, len(self._state.presences))


REACTIONS: Final[Reactions[OnlineCount]] = {
    PresenceChanged: OnlineCount.follow_presence,
    MemberAdded: None,
    MemberChanged: None,
    MemberRemoved: None,
    MemberReleased: None,
    MessageAdded: None,
    GuildChanged: None,
    RolePut: None,
    RoleDeleted: None,
    ChannelPut: None,
    ChannelDeleted: None,
    VoiceChanged: None,
}
