"""Guilds themselves: created, shown, changed, transferred, left and deleted."""

from collections.abc import Mapping
from typing import Any, Final

from api.services.access import GuildAccess
from api.services.announcements import guild_event
from api.services.caller import Caller
from api.services.changes import pick_changes
from api.services.channels.channel_rules import refuse_type
from api.services.entity_cache import EntityCache
from api.services.guilds.guild_blueprint import Blueprint, compute_blueprint
from api.services.guilds.guild_forms import MUTABLE_FEATURES, CreateGuild, UpdateGuild
from api.services.ids import IdSource
from api.services.images import ImageService
from api.services.members.membership import Membership
from api.services.rights import confirm_rights, on_present_rights
from api.services.still_there import fetch_guild, require_new_owner
from api.services.voice_regions import VoiceRegionService
from core.domain.channels.channel import ChannelType
from core.domain.errors import (
    CommunityChannelType,
    FieldError,
    Forbidden,
    Invalid,
    InvalidGuild,
    LimitReached,
    UnknownGuild,
    UnknownMember,
)
from core.domain.events import GUILD_DELETE, GUILD_UPDATE
from core.domain.guilds.guild import COMMUNITY_CHANNELS, Guild
from core.domain.guilds.permissions import Permission
from core.live.interfaces import OnlineCounts
from core.store.interfaces import Store, Transaction
from core.wire.before import GuildBefore
from core.wire.objects.guilds.guild import DeletedGuild, GuildObject, GuildPreviewObject, render_guild, render_preview

MAX_GUILDS_OF_MAKING_BOTS: Final = 10
"""A bot in so many guilds makes no more, as at Discord. Those that it is let into have no bound."""

_PLAIN_FIELDS: Final = (
    "name",
    "region",
    "verification_level",
    "default_message_notifications",
    "explicit_content_filter",
    "preferred_locale",
    "afk_timeout",
    "system_channel_flags",
    "premium_progress_bar_enabled",
)
_TEXT_CHANNEL: Final = frozenset({ChannelType.TEXT, ChannelType.ANNOUNCEMENT})
_OF_ADMINISTRATORS: Final = frozenset({"COMMUNITY", "DISCOVERABLE"})
"""Mutable features that need more than MANAGE_GUILD (documentation, "Mutable Guild Features")."""
_CHANNEL_FIELDS: Final[Mapping[str, frozenset[ChannelType]]] = {
    "afk_channel_id": frozenset({ChannelType.VOICE}),
    "system_channel_id": _TEXT_CHANNEL,
    "rules_channel_id": _TEXT_CHANNEL,
    "public_updates_channel_id": _TEXT_CHANNEL,
    "safety_alerts_channel_id": _TEXT_CHANNEL,
}
"""Fields that name a channel of the guild, and its allowed types."""

_IMAGE_FIELDS: Final[Mapping[str, str]] = {
    "icon": "icons",
    "splash": "splashes",
    "discovery_splash": "discovery-splashes",
    "banner": "banners",
}
"""Fields that bring a picture, and the folder where it is kept."""


class GuildService:
    """Reads and changes guilds for members and owners."""

    __slots__ = ("_entities", "_ids", "_images", "_membership", "_online", "_regions", "_store")

    def __init__(
        self,
        *,
        store: Store,
        entities: EntityCache,
        membership: Membership,
        images: ImageService,
        online: OnlineCounts,
        regions: VoiceRegionService,
        ids: IdSource,
    ) -> None:
        self._store = store
        self._entities = entities
        self._membership = membership
        self._images = images
        self._online = online
        self._regions = regions
        self._ids = ids

    async def create(self, caller: Caller, form: CreateGuild) -> GuildObject:
        """Create a guild with the caller as its owner and first member. Raises LimitReached."""
        for position, channel in enumerate(form.channels or ()):
            self._regions.check(channel.rtc_region, ("channels", position, "rtc_region"))
        guild_id = self._ids.next()
        icon = None
        if form.icon is not None:
            icon = await self._images.store(
                form.icon, folder=f"icons/{guild_id}", field="icon", user_id=caller.user_id, guild_id=guild_id
            )
        blueprint = compute_blueprint(form, owner_id=caller.user_id, icon=icon, guild_id=guild_id, ids=self._ids)
        async with self._store.write(users=[caller.user_id], guilds=[guild_id]) as tx:
            await _create(tx, blueprint)
            await self._membership.add(tx, guild_id, caller.user_id)
            if caller.is_bot and len(await tx.guilds.list_ids_of_user(caller.user_id)) > MAX_GUILDS_OF_MAKING_BOTS:
                raise LimitReached(30001, f"Maximum number of guilds reached ({MAX_GUILDS_OF_MAKING_BOTS})")
        return render_guild(blueprint.guild, blueprint.roles)

    async def fetch(self, caller: Caller, guild_id: int, *, with_counts: bool = False) -> GuildObject:
        """Return the guild as its members see it."""
        access = await self._entities.access(caller.user_id, guild_id)
        rendered = render_guild(access.entry.guild, list(access.entry.roles.values()))
        if with_counts:
            rendered.approximate_member_count = access.entry.member_count
            rendered.approximate_presence_count = await self._count_online(guild_id)
        return rendered

    async def fetch_preview(self, caller: Caller, guild_id: int) -> GuildPreviewObject:
        """Return the preview: for members, and for everybody when the guild is discoverable."""
        entry = await self._entities.guild(guild_id)
        is_open = "DISCOVERABLE" in entry.guild.features
        if not is_open and await self._entities.member(guild_id, caller.user_id) is None:
            raise UnknownGuild
        online = await self._count_online(guild_id)
        return render_preview(entry.guild, member_count=entry.member_count, presence_count=online)

    async def _count_online(self, guild_id: int) -> int:
        return (await self._online.find_many((guild_id,))).get(guild_id, 0)

    @on_present_rights
    async def update(self, caller: Caller, guild_id: int, form: UpdateGuild) -> GuildObject:
        """Change the fields that the form gives. Only the owner may transfer the guild."""
        access = await self._entities.access(caller.user_id, guild_id)
        access.require(Permission.MANAGE_GUILD)
        changes = pick_changes(form, _PLAIN_FIELDS, clearable=("description", *_CHANNEL_FIELDS))
        if isinstance(form.features, list):
            changes["features"] = _merge_features(access.entry.guild, form.features)
            if _OF_ADMINISTRATORS & (set(changes["features"]) ^ set(access.entry.guild.features)):
                access.require(Permission.ADMINISTRATOR)
        if isinstance(form.owner_id, int) and form.owner_id != access.entry.guild.owner_id:
            if not access.is_owner:
                raise Forbidden
            changes["owner_id"] = form.owner_id
        _require_views(access, changes)
        _require_community_channels(access.entry.guild, changes)
        changes |= await self._store_images(caller, guild_id, form)
        async with self._store.write(guilds=[guild_id]) as tx:
            await confirm_rights(tx, access)
            await _check_references(tx, access.entry.guild, changes)
            guild = await tx.guilds.update(guild_id, changes)
            payload = render_guild(guild, await tx.roles.list_of_guild(guild_id))
            if changes:
                before = GuildBefore(access.entry.guild.owner_id)
                tx.announce(guild_event(self._ids.next(), GUILD_UPDATE, guild_id, payload, before=before))
        return payload

    async def delete(self, caller: Caller, guild_id: int) -> None:
        """Delete the guild with all its contents. Only the owner may."""
        await self._entities.access(caller.user_id, guild_id)
        async with self._store.write(guilds=[guild_id]) as tx:
            guild = await fetch_guild(tx, guild_id)
            if guild.owner_id != caller.user_id:
                raise Forbidden
            await tx.guilds.delete(guild_id)
            tx.announce(guild_event(self._ids.next(), GUILD_DELETE, guild_id, DeletedGuild(id=str(guild_id))))

    async def leave(self, caller: Caller, guild_id: int) -> None:
        """Remove the caller from the guild. An owner must transfer or delete it first."""
        async with self._store.write(users=[caller.user_id], guilds=[guild_id]) as tx:
            guild = await fetch_guild(tx, guild_id)
            if guild.owner_id == caller.user_id:
                raise InvalidGuild
            try:
                await self._membership.remove(tx, guild_id, caller.user_id)
            except UnknownMember:
                raise UnknownGuild from None

    async def _store_images(self, caller: Caller, guild_id: int, form: UpdateGuild) -> dict[str, Any]:
        changes = pick_changes(form, (), clearable=tuple(_IMAGE_FIELDS))
        for field, data in changes.items():
            if data is not None:
                folder = f"{_IMAGE_FIELDS[field]}/{guild_id}"
                changes[field] = await self._images.store(
                    data, folder=folder, field=field, user_id=caller.user_id, guild_id=guild_id
                )
        return changes


async def _create(tx: Transaction, blueprint: Blueprint) -> None:
    await tx.guilds.create(blueprint.guild)
    for role in blueprint.roles:
        await tx.roles.create(role)
    for channel in blueprint.channels:
        await tx.channels.create(channel)


def _merge_features(guild: Guild, given: list[str | None]) -> tuple[str, ...]:
    fixed = [feature for feature in guild.features if feature not in MUTABLE_FEATURES]
    chosen = [feature for feature in given if feature in MUTABLE_FEATURES]
    return tuple(dict.fromkeys([*fixed, *(feature for feature in chosen if feature)]))


def _require_views(access: GuildAccess, changes: Mapping[str, Any]) -> None:
    """Raise Invalid for a channel that the caller may not view, as for one that is not the guild's."""
    for field in _CHANNEL_FIELDS.keys() & changes.keys():
        channel = access.entry.channels.get(changes[field] or 0)
        if channel is None or changes[field] == getattr(access.entry.guild, field):
            continue
        if not access.can_view(channel):
            raise refuse_type(field)


def _require_community_channels(guild: Guild, changes: Mapping[str, Any]) -> None:
    """Raise Invalid when a guild would become COMMUNITY without a channel that this needs, or would lose one."""
    if "COMMUNITY" not in changes.get("features", guild.features):
        return
    is_new = "COMMUNITY" not in guild.features
    missing = [
        field
        for field in COMMUNITY_CHANNELS
        if changes.get(field, getattr(guild, field)) is None and (is_new or getattr(guild, field) is not None)
    ]
    if missing:
        raise Invalid(*(FieldError((field,), "BASE_TYPE_REQUIRED", "This field is required") for field in missing))


async def _check_references(tx: Transaction, guild: Guild, changes: Mapping[str, Any]) -> None:
    """Raise unless the channels and the owner of the changes exist, and the owner is a person."""
    is_community = "COMMUNITY" in changes.get("features", guild.features)
    for field, kinds in _CHANNEL_FIELDS.items():
        channel_id = changes.get(field)
        if channel_id is None:
            continue
        channel = await tx.channels.find(channel_id)
        if channel is None or channel.guild_id != guild.id or channel.type not in kinds:
            raise refuse_type(field)
        if is_community and field in COMMUNITY_CHANNELS and channel.type != ChannelType.TEXT:
            raise CommunityChannelType
    if "owner_id" in changes:
        await require_new_owner(tx, guild.id, changes["owner_id"])
