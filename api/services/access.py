"""What one user may do in one guild, or in one channel: made per request, never kept."""

from collections.abc import Mapping

from core.domain.channel import VOCAL, Channel
from core.domain.errors import Forbidden, MissingAccess
from core.domain.guild import Guild, GuildSnapshot
from core.domain.member import Member
from core.domain.permissions import (
    ALL_PERMISSIONS,
    Permission,
    compute_base_permissions,
    compute_channel_permissions,
)
from core.domain.role import Role

_VIEW = int(Permission.VIEW_CHANNEL)
_CONNECT = int(Permission.CONNECT)

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
"""What everybody in a direct-message channel may do there."""


class GuildEntry:
    """A guild's cached snapshot. Owned by `EntityCache`, which alone changes `member_count`."""

    __slots__ = ("channels", "guild", "member_count", "roles")

    def __init__(
        self, *, guild: Guild, roles: Mapping[int, Role], channels: Mapping[int, Channel], member_count: int
    ) -> None:
        self.guild = guild
        self.roles = roles
        self.channels = channels
        self.member_count = member_count

    def shows_newcomers(self, channel: Channel) -> bool:
        """Whether a member without roles views the channel."""
        base = compute_base_permissions(guild=self.guild, roles=self.roles, user_id=0, role_ids=())
        return bool(compute_channel_permissions(base=base, channel=channel, user_id=0, role_ids=()) & _VIEW)


def as_entry(snapshot: GuildSnapshot) -> GuildEntry:
    """What is read of a guild, as rights are computed from it."""
    return GuildEntry(
        guild=snapshot.guild,
        roles={role.id: role for role in snapshot.roles},
        channels={channel.id: channel for channel in snapshot.channels},
        member_count=snapshot.member_count,
    )


Rank = tuple[int, int]
"""A place in the hierarchy; the greater is the higher one. Of two roles at one position the older (lower id) is higher."""


def rank_of_role(role: Role) -> Rank:
    """The role's place."""
    return (role.position, -role.id)


class GuildAccess:
    """A member's rights in its guild."""

    __slots__ = ("entry", "is_owner", "member", "permissions", "timed_out")

    def __init__(self, *, entry: GuildEntry, member: Member, now_ms: int) -> None:
        self.entry = entry
        self.member = member
        self.is_owner = entry.guild.owner_id == member.user.id
        self.timed_out = member.timeout_until_ms > now_ms
        self.permissions = compute_base_permissions(
            guild=entry.guild,
            roles=entry.roles,
            user_id=member.user.id,
            role_ids=member.role_ids,
            timed_out=self.timed_out,
        )
        """In the guild, without any channel's overwrites."""

    def in_channel(self, channel: Channel) -> int:
        """The permissions in a channel of the guild."""
        return compute_channel_permissions(
            base=self.permissions,
            channel=channel,
            user_id=self.member.user.id,
            role_ids=self.member.role_ids,
            timed_out=self.timed_out,
        )

    def can_view(self, channel: Channel) -> bool:
        """Whether the member sees the channel at all."""
        return bool(self.in_channel(channel) & _VIEW)

    def reads(self, channel: Channel) -> bool:
        """Whether the member, who views the channel, is let in to its text: to a voice channel's with CONNECT.

        A timeout does not matter, as it leaves reading.
        """
        if channel.type not in VOCAL:
            return True
        if not self.timed_out:
            return bool(self.in_channel(channel) & _CONNECT)
        return GuildAccess(entry=self.entry, member=self.member, now_ms=self.member.timeout_until_ms).reads(channel)

    def has(self, permission: int) -> bool:
        """Whether all bits are held in the guild."""
        return self.permissions & permission == permission

    def require(self, permission: int) -> None:
        """Raises Forbidden unless all bits are held in the guild."""
        if self.permissions & permission != permission:
            raise Forbidden

    @property
    def top_rank(self) -> Rank:
        """The place of the member's highest role."""
        return self.rank_of(self.member)

    @property
    def top_role_position(self) -> int:
        """The position of the member's highest role."""
        return self.top_rank[0]

    def rank_of(self, member: Member) -> Rank:
        """The place of any member's highest role; @everyone's when it has no other."""
        roles = self.entry.roles
        lowest = (0, -self.entry.guild.id)
        return max((rank_of_role(roles[role_id]) for role_id in member.role_ids if role_id in roles), default=lowest)

    def outranks(self, other: Role | Member) -> bool:
        """Whether the member stands above a role or another member. The owner stands above all, nobody above the owner."""
        if isinstance(other, Role):
            return self.is_owner or self.top_rank > rank_of_role(other)
        if other.user.id == self.entry.guild.owner_id:
            return False
        return self.is_owner or self.top_rank > self.rank_of(other)

    def require_outranks(self, other: Role | Member) -> None:
        """Raises Forbidden unless the member stands above."""
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
        """Whether all bits are held in the channel."""
        return self.permissions & permission == permission

    def require(self, permission: int) -> None:
        """Raises Forbidden unless all bits are held in the channel."""
        if self.permissions & permission != permission:
            raise Forbidden


def access_guild_channel(guild: GuildAccess, channel: Channel) -> ChannelAccess:
    """Raises MissingAccess when the member does not see the channel."""
    permissions = guild.in_channel(channel)
    if not permissions & _VIEW:
        raise MissingAccess
    return ChannelAccess(channel=channel, permissions=permissions, guild=guild)


def require_place(guild: GuildAccess, parent: Channel | None) -> None:
    """Raises MissingAccess, Forbidden unless the member may put channels into a category, or (None) beside them all."""
    if parent is None:
        guild.require(Permission.MANAGE_CHANNELS)
    else:
        access_guild_channel(guild, parent).require(Permission.MANAGE_CHANNELS)


def access_direct_channel(user_id: int, channel: Channel) -> ChannelAccess:
    """Raises MissingAccess when the user is no recipient."""
    if user_id not in channel.recipient_ids:
        raise MissingAccess
    return ChannelAccess(channel=channel, permissions=DIRECT_PERMISSIONS & ALL_PERMISSIONS, guild=None)
