"""Invites on the wire: for everybody, with metadata for those who manage them, and as events."""

from collections.abc import Sequence

import msgspec
from msgspec import UNSET, UnsetType

from core.domain.channels.channel import Channel
from core.domain.guilds.guild import Guild
from core.domain.guilds.member import Invite
from core.domain.guilds.role import Role
from core.domain.people.user import User
from core.wire.objects.guilds.role import RoleColors, render_role
from core.wire.objects.people.user import UserObject, render_user
from core.wire.times import iso_time


class InviteGuildObject(msgspec.Struct, kw_only=True):
    """The guild of an invite (InviteGuildResponse)."""

    id: str
    name: str
    splash: str | None
    banner: str | None
    description: str | None
    icon: str | None
    features: list[str]
    verification_level: int
    vanity_url_code: str | None
    nsfw_level: int
    nsfw: bool
    premium_subscription_count: int = 0


class InviteChannelObject(msgspec.Struct, kw_only=True):
    """The channel of an invite (InviteChannelResponse)."""

    id: str
    type: int
    name: str


class InviteRoleObject(msgspec.Struct, kw_only=True):
    """A role that an invite gives (InviteGuildRoleResponse)."""

    id: str
    name: str
    position: int
    color: int
    colors: RoleColors
    icon: str | None
    unicode_emoji: str | None


class InviteObject(msgspec.Struct, kw_only=True):
    """An invite (GuildInviteResponse); `uses` to `created_at` are its metadata."""

    type: int = 0
    code: str
    guild: InviteGuildObject
    guild_id: str
    channel: InviteChannelObject
    inviter: UserObject | UnsetType = UNSET
    expires_at: str | None
    flags: int = 0
    roles: list[InviteRoleObject] | UnsetType = UNSET
    approximate_member_count: int | UnsetType = UNSET
    approximate_presence_count: int | UnsetType = UNSET
    uses: int | UnsetType = UNSET
    max_uses: int | UnsetType = UNSET
    max_age: int | UnsetType = UNSET
    temporary: bool | UnsetType = UNSET
    created_at: str | UnsetType = UNSET
    new_member: bool | UnsetType = UNSET
    """Whether the use made a new member. Only the answer to that use has it."""


class InviteCreated(msgspec.Struct, kw_only=True):
    """INVITE_CREATE."""

    channel_id: str
    guild_id: str
    code: str
    created_at: str
    expires_at: str | None
    inviter: UserObject | UnsetType = UNSET
    max_age: int
    max_uses: int
    temporary: bool
    uses: int
    type: int = 0
    flags: int = 0


class InviteDeleted(msgspec.Struct, kw_only=True):
    """INVITE_DELETE."""

    channel_id: str
    guild_id: str
    code: str


def _expiry_of(invite: Invite) -> str | None:
    return iso_time(invite.created_ms + invite.max_age_s * 1000) if invite.max_age_s else None


def render_invite_guild(guild: Guild) -> InviteGuildObject:
    """Return the guild's part of an invite."""
    return InviteGuildObject(
        id=str(guild.id),
        name=guild.name,
        splash=guild.splash,
        banner=guild.banner,
        description=guild.description,
        icon=guild.icon,
        features=list(guild.features),
        verification_level=guild.verification_level,
        vanity_url_code=guild.vanity_url_code,
        nsfw_level=guild.nsfw_level,
        nsfw=guild.nsfw_level == 3,
    )


def _render_role(role: Role) -> InviteRoleObject:
    shown = render_role(role)
    return InviteRoleObject(
        id=shown.id,
        name=shown.name,
        position=shown.position,
        color=shown.color,
        colors=shown.colors,
        icon=shown.icon,
        unicode_emoji=shown.unicode_emoji,
    )


def render_invite(
    invite: Invite,
    *,
    guild: Guild,
    channel: Channel,
    roles: Sequence[Role],
    inviter: User | None,
    with_metadata: bool = False,
) -> InviteObject:
    """Return the invite's object. `roles` are those that it gives."""
    rendered = InviteObject(
        code=invite.code,
        guild=render_invite_guild(guild),
        guild_id=str(guild.id),
        channel=InviteChannelObject(id=str(channel.id), type=channel.type, name=channel.name),
        inviter=UNSET if inviter is None else render_user(inviter),
        expires_at=_expiry_of(invite),
        roles=[_render_role(role) for role in roles] if roles else UNSET,
    )
    if with_metadata:
        rendered.uses = invite.uses
        rendered.max_uses = invite.max_uses
        rendered.max_age = invite.max_age_s
        rendered.temporary = invite.temporary
        rendered.created_at = iso_time(invite.created_ms)
    return rendered


def render_invite_created(invite: Invite, inviter: User | None) -> InviteCreated:
    """Return the event of a new invite."""
    return InviteCreated(
        channel_id=str(invite.channel_id),
        guild_id=str(invite.guild_id),
        code=invite.code,
        created_at=iso_time(invite.created_ms),
        expires_at=_expiry_of(invite),
        inviter=UNSET if inviter is None else render_user(inviter),
        max_age=invite.max_age_s,
        max_uses=invite.max_uses,
        temporary=invite.temporary,
        uses=invite.uses,
    )


def render_invite_deleted(invite: Invite) -> InviteDeleted:
    """Return the event of an invite that is gone."""
    return InviteDeleted(channel_id=str(invite.channel_id), guild_id=str(invite.guild_id), code=invite.code)


class VanityObject(msgspec.Struct, kw_only=True):
    """VanityURLResponse."""

    code: str | None
    uses: int
