"""The rights of one user in one guild or channel. They are computed for a request and never kept."""

from collections.abc import Mapping
from typing import Final

from core.domain.channels.channel import TEXT_LIKE, VOCAL, Channel, ChannelType
from core.domain.errors import Forbidden, ForumMessage, MissingAccess, NotATextChannel, NotVerified, WrongChannelType
from core.domain.guilds.guild import Guild, GuildSnapshot
from core.domain.guilds.member import BYPASSES_VERIFICATION, Member
from core.domain.guilds.permissions import (
    ALL_PERMISSIONS,
    Permission,
    compute_base_permissions,
    compute_channel_permissions,
)
from core.domain.guilds.role import Role
from core.domain.ids import created_ms

_VIEW = int(Permission.VIEW_CHANNEL)
_CONNECT = int(Permission.CONNECT)
_SEND = int(Permission.SEND_MESSAGES)

DIRECT_PERMISSIONS = int(
    Permission.ADD_REACTIONS
    | Permission.VIEW_CHANNEL
    | Permission.SEND_MESSAGES
    | Permission.SEND_TTS_MESSAGES
    | Permission.EMBED_LINKS
    | Permission.ATTACH_FILES
    | Permission.READ_MESSAGE_HISTORY
    | Permission.USE_EXTERNAL_EMOJIS
    | Permission.CONNECT
    | Permission.SPEAK
    | Permission.PIN_MESSAGES
    | Permission.SEND_POLLS
    | Permission.SEND_VOICE_MESSAGES
)
"""The permissions of both recipients of a direct channel."""


class GuildEntry:
    """A guild's cached snapshot. Owned by `EntityCache`, which alone counts members on, with the revision."""

    __slots__ = ("channels", "guild", "member_count", "revision", "roles")

    def __init__(
        self,
        *,
        guild: Guild,
        roles: Mapping[int, Role],
        channels: Mapping[int, Channel],
        member_count: int,
        revision: int,
    ) -> None:
        self.guild = guild
        self.roles = roles
        self.channels = channels
        self.member_count = member_count
        self.revision = revision

    def shows_newcomers(self, channel: Channel) -> bool:
        """Tell whether a member without roles views the channel."""
        base = compute_base_permissions(guild=self.guild, roles=self.roles, user_id=0, role_ids=())
        return bool(compute_channel_permissions(base=base, channel=channel, user_id=0, role_ids=()) & _VIEW)


def as_entry(snapshot: GuildSnapshot) -> GuildEntry:
    """Make the entry that rights are computed from."""
    return GuildEntry(
        guild=snapshot.guild,
        roles={role.id: role for role in snapshot.roles},
        channels={channel.id: channel for channel in snapshot.channels},
        member_count=snapshot.member_count,
        revision=snapshot.revision,
    )


Rank = tuple[int, int]
"""A place in the hierarchy: greater is higher. Of two roles at one position, the older one (lower id) is higher."""


def rank_of_role(role: Role) -> Rank:
    """Return the role's place."""
    return (role.position, -role.id)


_MEDIUM: Final = 2
_HIGH: Final = 3
_MEDIUM_MS: Final = 5 * 60 * 1000
_HIGH_MS: Final = 10 * 60 * 1000
"""The levels of verification that time alone decides: how old the account must be, and from the higher one on also the
membership. Here nobody can prove an address or a telephone, so the levels that ask for these ask for no more."""


class GuildAccess:
    """A member's rights in its guild."""

    __slots__ = ("_now_ms", "entry", "is_owner", "member", "permissions", "timed_out")

    def __init__(self, *, entry: GuildEntry, member: Member, now_ms: int) -> None:
        self.entry = entry
        self.member = member
        self.is_owner = entry.guild.owner_id == member.user.id
        self.timed_out = member.timeout_until_ms > now_ms
        self._now_ms = now_ms
        self.permissions = compute_base_permissions(
            guild=entry.guild,
            roles=entry.roles,
            user_id=member.user.id,
            role_ids=member.role_ids,
            timed_out=self.timed_out,
        )
        """The permissions in the guild, without the overwrites of any channel."""

    def in_channel(self, channel: Channel) -> int:
        """Compute the permissions in a channel of the guild."""
        return compute_channel_permissions(
            base=self.permissions,
            channel=channel,
            user_id=self.member.user.id,
            role_ids=self.member.role_ids,
            timed_out=self.timed_out,
        )

    def can_view(self, channel: Channel) -> bool:
        """Tell whether the member may view the channel."""
        return bool(self.in_channel(channel) & _VIEW)

    def reads(self, channel: Channel) -> bool:
        """Tell whether the member, who may view the channel, may read it: a voice channel's text needs CONNECT.

        A timeout does not matter, as a member in a timeout may still read.
        """
        if channel.type not in VOCAL:
            return True
        if not self.timed_out:
            return bool(self.in_channel(channel) & _CONNECT)
        return GuildAccess(entry=self.entry, member=self.member, now_ms=self.member.timeout_until_ms).reads(channel)

    @property
    def is_held_back(self) -> bool:
        """Whether the guild's verification level keeps the member, as a newcomer without roles, from writing yet."""
        level, member = self.entry.guild.verification_level, self.member
        if level < _MEDIUM or member.role_ids or self.is_owner or member.user.bot:
            return False
        if member.flags & BYPASSES_VERIFICATION:
            return False
        if self._now_ms < created_ms(member.user.id) + _MEDIUM_MS:
            return True
        return level >= _HIGH and self._now_ms < member.joined_ms + _HIGH_MS

    def has(self, permission: int) -> bool:
        """Tell whether all bits are held in the guild."""
        return self.permissions & permission == permission

    def require(self, permission: int) -> None:
        """Raise Forbidden unless all bits are held in the guild."""
        if self.permissions & permission != permission:
            raise Forbidden

    @property
    def top_rank(self) -> Rank:
        """The place of the member's highest role."""
        return self.rank_of(self.member)

    def rank_of(self, member: Member) -> Rank:
        """Return the place of a member's highest role, which is @everyone for a member without others."""
        roles = self.entry.roles
        lowest = (0, -self.entry.guild.id)
        return max((rank_of_role(roles[role_id]) for role_id in member.role_ids if role_id in roles), default=lowest)

    def outranks(self, other: Role | Member) -> bool:
        """Tell whether the member stands above a role or another member. The owner stands above all others."""
        if isinstance(other, Role):
            return self.is_owner or self.top_rank > rank_of_role(other)
        if other.user.id == self.entry.guild.owner_id:
            return False
        return self.is_owner or self.top_rank > self.rank_of(other)

    def require_outranks(self, other: Role | Member) -> None:
        """Raise Forbidden unless the member stands above."""
        if not self.outranks(other):
            raise Forbidden


class ChannelAccess:
    """A user's rights in a channel. `guild` is None for direct messages."""

    __slots__ = ("channel", "guild", "permissions")

    def __init__(self, *, channel: Channel, permissions: int, guild: GuildAccess | None) -> None:
        self.channel = channel
        self.permissions = permissions
        self.guild = guild

    def has(self, permission: int) -> bool:
        """Tell whether all bits are held in the channel."""
        return self.permissions & permission == permission

    def require(self, permission: int) -> None:
        """Raise Forbidden unless all bits are held in the channel."""
        if self.permissions & permission != permission:
            raise Forbidden

    def require_to_write(self, permission: int) -> None:
        """Check that the user may write, by these bits. Raises Forbidden, NotVerified."""
        self.require(permission)
        if self.guild is not None and self.guild.is_held_back:
            raise NotVerified

    def require_to_send(self, permission: int) -> None:
        """Check that the user may send what takes these bits beside SEND_MESSAGES.

        Raises:
            ForumMessage, NotATextChannel: where nobody sends. Forbidden, NotVerified.
        """
        if self.channel.type == ChannelType.FORUM:
            raise ForumMessage
        if self.channel.type not in TEXT_LIKE:
            raise NotATextChannel
        self.require_to_write(_SEND | permission)

    def require_messages(self) -> None:
        """Raise WrongChannelType unless the channel is one that holds messages."""
        if self.channel.type not in TEXT_LIKE:
            raise WrongChannelType


def access_guild_channel(guild: GuildAccess, channel: Channel) -> ChannelAccess:
    """Return the member's rights in a channel. Raises MissingAccess when the member may not view it."""
    permissions = guild.in_channel(channel)
    if not permissions & _VIEW:
        raise MissingAccess
    return ChannelAccess(channel=channel, permissions=permissions, guild=guild)


def require_place(guild: GuildAccess, parent: Channel | None) -> None:
    """Raise MissingAccess or Forbidden unless the member may put channels into a category (None: into no category)."""
    if parent is None:
        guild.require(Permission.MANAGE_CHANNELS)
    else:
        access_guild_channel(guild, parent).require(Permission.MANAGE_CHANNELS)


def access_direct_channel(user_id: int, channel: Channel) -> ChannelAccess:
    """Return the user's rights in a direct channel. Raises MissingAccess when the user is no recipient."""
    if user_id not in channel.recipient_ids:
        raise MissingAccess
    return ChannelAccess(channel=channel, permissions=DIRECT_PERMISSIONS & ALL_PERMISSIONS, guild=None)
