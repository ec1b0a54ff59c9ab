"""The blueprint of a new guild, before it is stored. Pure, except for the ids that it takes.

A request may bring roles and channels of its own (Discord's clients do, for templates). They name each other by
placeholder ids. The first role stands for @everyone, every other role and channel gets an id of ours, and the
placeholders in overwrites, parents, system and AFK channel are translated.
"""

from collections.abc import Mapping, Sequence

import msgspec

from api.services.channels.channel_forms import OverwriteForm, overwrite_of, overwrite_type_of
from api.services.channels.channel_rules import (
    check_parent,
    merge_overwrites,
    refuse_type,
)
from api.services.channels.new_channel import make_channel
from api.services.guilds.guild_forms import CreateGuild, TemplateChannel, TemplateRole
from api.services.ids import IdSource
from core.domain.channels.channel import Channel, ChannelType, Overwrite
from core.domain.errors import FieldError, Invalid
from core.domain.guilds.guild import Guild
from core.domain.guilds.permissions import ALL_PERMISSIONS, DEFAULT_EVERYONE
from core.domain.guilds.role import Role


class Blueprint(msgspec.Struct, kw_only=True, frozen=True):
    """A guild as it will be stored; the first role is @everyone."""

    guild: Guild
    roles: tuple[Role, ...]
    channels: tuple[Channel, ...]


def compute_blueprint(form: CreateGuild, *, owner_id: int, icon: str | None, guild_id: int, ids: IdSource) -> Blueprint:
    """Compute the guild that the request describes.

    Raises:
        Invalid: when its parts do not fit together.
    """
    roles, role_ids = _make_roles(form.roles or (), guild_id, ids)
    if form.channels:
        channels, channel_ids = _make_channels(form.channels, guild_id, role_ids, ids)
        system_id = _translate(form.system_channel_id, channel_ids, channels, "system_channel_id", {ChannelType.TEXT})
        afk_id = _translate(form.afk_channel_id, channel_ids, channels, "afk_channel_id", {ChannelType.VOICE})
    else:
        for field in ("afk_channel_id", "system_channel_id"):
            if getattr(form, field):
                raise refuse_type(field)
        channels = _make_default_channels(guild_id, ids)
        system_id, afk_id = channels[1].id, None
    guild = Guild(
        id=guild_id,
        name=form.name,
        owner_id=owner_id,
        icon=icon,
        region=form.region or "automatic",
        afk_channel_id=afk_id,
        afk_timeout=form.afk_timeout or 300,
        system_channel_id=system_id,
        system_channel_flags=form.system_channel_flags or 0,
        verification_level=form.verification_level or 0,
        default_message_notifications=form.default_message_notifications or 0,
        explicit_content_filter=form.explicit_content_filter or 0,
    )
    return Blueprint(guild=guild, roles=tuple(roles), channels=tuple(channels))


def _make_roles(forms: Sequence[TemplateRole], guild_id: int, ids: IdSource) -> tuple[list[Role], dict[int, int]]:
    everyone_permissions = DEFAULT_EVERYONE
    translation: dict[int, int] = {}
    if forms:
        if forms[0].permissions is not None:
            everyone_permissions = forms[0].permissions & ALL_PERMISSIONS
        translation[forms[0].id or 0] = guild_id
    roles = [Role(id=guild_id, guild_id=guild_id, name="@everyone", permissions=everyone_permissions)]
    # A request lists the highest role first, behind @everyone.
    for position, form in zip(range(len(forms) - 1, 0, -1), forms[1:], strict=True):
        role_id = ids.next()
        if form.id is not None:
            translation[form.id] = role_id
        roles.append(_make_role(form, role_id, guild_id, position))
    return roles, translation


def _make_role(form: TemplateRole, role_id: int, guild_id: int, position: int) -> Role:
    colors = form.colors
    return Role(
        id=role_id,
        guild_id=guild_id,
        name=form.name or "new role",
        permissions=(form.permissions or 0) & ALL_PERMISSIONS,
        position=position,
        color=(form.color if colors is None else colors.primary_color) or 0,
        secondary_color=None if colors is None else colors.secondary_color,
        tertiary_color=None if colors is None else colors.tertiary_color,
        hoist=bool(form.hoist),
        mentionable=bool(form.mentionable),
        unicode_emoji=form.unicode_emoji,
    )


def _make_channels(
    forms: Sequence[TemplateChannel], guild_id: int, role_ids: Mapping[int, int], ids: IdSource
) -> tuple[list[Channel], dict[int, int]]:
    translation: dict[int, int] = {}
    made: dict[int, Channel] = {}
    for position, form in enumerate(forms):
        path = ("channels", position)
        try:
            channel = msgspec.structs.replace(
                make_channel(form, ids.next(), guild_id),
                position=position if form.position is None else form.position,
                parent_id=None,
                overwrites=_make_overwrites(form.permission_overwrites or (), role_ids),
            )
            if form.parent_id is not None:
                parent_id = translation.get(form.parent_id, 0)
                check_parent(channel.type, parent_id, made)
                channel = msgspec.structs.replace(channel, parent_id=parent_id)
        except Invalid as error:
            raise _below(path, error) from None
        if form.id is not None:
            translation[form.id] = channel.id
        made[channel.id] = channel
    return list(made.values()), translation


def _make_overwrites(forms: Sequence[OverwriteForm], role_ids: Mapping[int, int]) -> tuple[Overwrite, ...]:
    """Keep overwrites of roles only, as a new guild has no members."""
    known = (form for form in forms if form.id in role_ids and not overwrite_type_of(form.type))
    return merge_overwrites(overwrite_of(form, role_ids[form.id], 0) for form in known)


def _make_default_channels(guild_id: int, ids: IdSource) -> list[Channel]:
    text = Channel(id=ids.next(), type=ChannelType.CATEGORY, guild_id=guild_id, name="Text Channels")
    general = Channel(id=ids.next(), type=ChannelType.TEXT, guild_id=guild_id, name="general", parent_id=text.id)
    voice = Channel(id=ids.next(), type=ChannelType.CATEGORY, guild_id=guild_id, name="Voice Channels", position=1)
    talk = Channel(id=ids.next(), type=ChannelType.VOICE, guild_id=guild_id, name="General", parent_id=voice.id)
    return [text, general, voice, talk]


def _translate(
    placeholder: int | None, ids: Mapping[int, int], channels: Sequence[Channel], field: str, kinds: set[ChannelType]
) -> int | None:
    if placeholder is None:
        return None
    channel_id = ids.get(placeholder)
    if any(channel.id == channel_id and channel.type in kinds for channel in channels):
        return channel_id
    raise refuse_type(field)


def _below(path: tuple[str | int, ...], error: Invalid) -> Invalid:
    return Invalid(*(FieldError((*path, *field.path), field.code, field.message) for field in error.fields))
