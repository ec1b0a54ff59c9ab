"""Members and bans on the wire."""

import msgspec
from msgspec import UNSET, UnsetType

from core.domain.guilds.member import Ban, Member
from core.wire.objects.people.user import UserObject, render_user
from core.wire.times import iso_time


class MemberObject(msgspec.Struct, kw_only=True):
    """A member (GuildMemberResponse). Messages have it without `user`, GUILD_MEMBER_ADD and _UPDATE with `guild_id`.

    Events have the user's id beside the user too, where some clients of people look for it.
    """

    id: str | UnsetType = UNSET
    user: UserObject | UnsetType = UNSET
    guild_id: str | UnsetType = UNSET
    nick: str | None = None
    avatar: str | None = None
    banner: str | None = None
    avatar_decoration_data: None = None
    collectibles: None = None
    roles: list[str]
    joined_at: str
    premium_since: str | None = None
    communication_disabled_until: str | None = None
    deaf: bool = False
    mute: bool = False
    pending: bool = False
    flags: int = 0


class BanObject(msgspec.Struct, kw_only=True):
    """A ban (GuildBanResponse)."""

    user: UserObject
    reason: str | None


class MemberRemoved(msgspec.Struct, kw_only=True):
    """GUILD_MEMBER_REMOVE, GUILD_BAN_ADD and GUILD_BAN_REMOVE."""

    guild_id: str
    user: UserObject


class OwnMemberObject(MemberObject, kw_only=True):
    """A member as it sees itself (PrivateGuildMemberResponse)."""

    permissions: str
    bio: str = ""


def render_member(member: Member, *, with_user: bool = True, with_guild_id: bool = False) -> MemberObject:
    """Return the member's object: that of events if it has no user, or names the guild."""
    return MemberObject(
        id=str(member.user.id) if with_guild_id or not with_user else UNSET,
        user=render_user(member.user) if with_user else UNSET,
        guild_id=str(member.guild_id) if with_guild_id else UNSET,
        nick=member.nick,
        avatar=member.avatar,
        banner=member.banner,
        roles=[str(role_id) for role_id in member.role_ids],
        joined_at=iso_time(member.joined_ms),
        communication_disabled_until=iso_time(member.timeout_until_ms) if member.timeout_until_ms else None,
        deaf=member.deaf,
        mute=member.mute,
        pending=member.pending,
        flags=member.flags,
    )


def render_own_member(member: Member, *, permissions: int) -> OwnMemberObject:
    """Return the member's object for itself, with its permissions in the guild."""
    shown = msgspec.structs.asdict(render_member(member))
    return OwnMemberObject(**shown, permissions=str(permissions), bio=member.bio)


def render_ban(ban: Ban) -> BanObject:
    """Return the ban's object."""
    return BanObject(user=render_user(ban.user), reason=ban.reason)


class MembersChunk(msgspec.Struct, kw_only=True):
    """GUILD_MEMBERS_CHUNK's `d`."""

    guild_id: str
    members: list[msgspec.Raw]
    chunk_index: int
    chunk_count: int
    not_found: list[str] | msgspec.UnsetType = msgspec.UNSET
    presences: list[msgspec.Raw] | msgspec.UnsetType = msgspec.UNSET
    nonce: str | int | msgspec.UnsetType = msgspec.UNSET


class BulkBanObject(msgspec.Struct, kw_only=True):
    """The result of a bulk ban for each user (BulkBanUsersResponse)."""

    banned_users: list[str]
    failed_users: list[str]


class PruneObject(msgspec.Struct, kw_only=True):
    """GuildPruneResponse; null when the count was not asked for."""

    pruned: int | None
