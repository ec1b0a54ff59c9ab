"""Channels: created, shown, changed and deleted. `channel_positions` orders them, `overwrites` sets overwrites."""

from typing import Any, Final

import msgspec

from api.services.access import ChannelAccess, GuildAccess, require_place
from api.services.announcements import guild_event
from api.services.caller import Caller
from api.services.changes import merge_flags, pick_changes
from api.services.channels.channel_forms import CreateChannel, OverwriteForm, UpdateChannel
from api.services.channels.channel_objects import announce_channel, show_channel, show_channels
from api.services.channels.channel_rules import (
    changed_bits,
    check_bounds,
    check_channel_count,
    check_conversion,
    check_grant,
    check_parent,
    compute_name,
    compute_next_position,
)
from api.services.channels.group_channels import refuse_group_fields
from api.services.channels.last_messages import LastMessages
from api.services.channels.new_channel import make_channel
from api.services.channels.overwrites import require_grant, resolve_overwrites, sync_children
from api.services.channels.private_channels import PrivateChannelService
from api.services.entity_cache import EntityCache
from api.services.ids import IdSource
from api.services.rights import confirm_rights, on_present_rights
from api.services.voice.stage_steps import StageSteps
from api.services.voice.voice_changes import VoiceChanges
from api.services.voice_regions import VoiceRegionService
from core.domain.channels.channel import Channel, ChannelType, Overwrite
from core.domain.errors import CommunityChannel, CommunityChannelType
from core.domain.events import CHANNEL_CREATE, CHANNEL_DELETE, CHANNEL_UPDATE, GUILD_UPDATE
from core.domain.guilds.guild import Guild, needs_channel
from core.domain.guilds.permissions import Permission
from core.store.interfaces import Store, Transaction
from core.wire.before import GuildBefore
from core.wire.objects.channels.channel import ChannelObject, DirectChannelObject
from core.wire.objects.guilds.guild import render_guild

_REQUIRE_TAG: Final = 1 << 4
_SETTABLE_FLAGS: Final = {ChannelType.FORUM: _REQUIRE_TAG}
"""Keyed by type. The other documented flags belong to threads (PINNED) and media channels."""

_PLAIN_FIELDS: Final = (
    "position",
    "bitrate",
    "user_limit",
    "nsfw",
    "rate_limit_per_user",
    "video_quality_mode",
    "default_thread_rate_limit_per_user",
    "default_forum_layout",
)
_CLEARABLE_FIELDS: Final = (
    "topic",
    "parent_id",
    "rtc_region",
    "default_auto_archive_duration",
    "default_sort_order",
)
_GUILD_FIELDS: Final = (
    "afk_channel_id",
    "system_channel_id",
    "rules_channel_id",
    "public_updates_channel_id",
    "safety_alerts_channel_id",
)
"""Fields of a guild that name a channel. They are cleared when the channel is deleted."""


class ChannelService:
    """Reads and changes channels for members."""

    __slots__ = ("_entities", "_ids", "_last_messages", "_private", "_regions", "_stages", "_store", "_voice")

    def __init__(
        self,
        *,
        store: Store,
        entities: EntityCache,
        last_messages: LastMessages,
        private_channels: PrivateChannelService,
        voice: VoiceChanges,
        regions: VoiceRegionService,
        stages: StageSteps,
        ids: IdSource,
    ) -> None:
        self._store = store
        self._entities = entities
        self._last_messages = last_messages
        self._private = private_channels
        self._voice = voice
        self._regions = regions
        self._stages = stages
        self._ids = ids

    async def fetch_all(self, caller: Caller, guild_id: int) -> list[ChannelObject]:
        """Return the guild's channels that the caller may view."""
        access = await self._entities.access(caller.user_id, guild_id)
        visible = [channel for channel in access.entry.channels.values() if access.can_view(channel)]
        return await show_channels(self._last_messages, visible)

    async def fetch(self, caller: Caller, channel_id: int) -> ChannelObject | DirectChannelObject:
        """Return a channel of a guild, or of direct messages."""
        access = await self._entities.channel_access(caller.user_id, channel_id)
        if access.guild is None:
            return await self._private.show(caller, access.channel)
        [shown] = await show_channels(self._last_messages, [access.channel])
        return shown

    @on_present_rights
    async def create(self, caller: Caller, guild_id: int, form: CreateChannel) -> ChannelObject:
        """Create a channel. It takes its category's overwrites unless the form has its own."""
        access = await self._entities.access(caller.user_id, guild_id)
        parent = access.entry.channels.get(form.parent_id or 0)
        require_place(access, parent)
        self._regions.check(form.rtc_region)
        channel = msgspec.structs.replace(
            make_channel(form, self._ids.next(), guild_id),
            overwrites=await self._initial_overwrites(form, access, parent),
        )
        async with self._store.write(guilds=[guild_id]) as tx:
            channels = (await confirm_rights(tx, access)).channels
            check_channel_count(channels)
            if form.parent_id is not None:
                check_parent(channel.type, form.parent_id, channels)
            if form.position is None:
                position = compute_next_position(channel.type, channels.values())
                channel = msgspec.structs.replace(channel, position=position)
            await tx.channels.create(channel)
            tx.announce(announce_channel(self._ids.next(), CHANNEL_CREATE, channel))
        return show_channel(channel, None)

    @on_present_rights
    async def update(self, caller: Caller, channel_id: int, form: UpdateChannel) -> ChannelObject | DirectChannelObject:
        """Change the fields that the form gives. A move to a category needs MANAGE_CHANNELS there, too."""
        access = await self._entities.channel_access(caller.user_id, channel_id)
        if access.guild is None:
            return await self._private.update(caller, access.channel, form)
        refuse_group_fields(form)
        access.require(Permission.MANAGE_CHANNELS)
        self._regions.check(form.rtc_region)
        changes = _changes_of(form, access.channel)
        if isinstance(form.permission_overwrites, list):
            changes["overwrites"] = await self._new_overwrites(form.permission_overwrites, access, access.guild)
        if changes.get("parent_id", access.channel.parent_id) != access.channel.parent_id:
            require_place(access.guild, access.guild.entry.channels.get(changes["parent_id"] or 0))
        last_ids = await self._last_messages.find_ids([channel_id])
        async with self._store.write(guilds=[access.channel.guild_id]) as tx:
            present = await confirm_rights(tx, access.guild)
            channels, channel = present.channels, present.channels[channel_id]
            if changes.get("type", ChannelType.TEXT) != ChannelType.TEXT and needs_channel(present.guild, channel_id):
                raise CommunityChannelType
            check_bounds(msgspec.structs.replace(channel, **changes))
            if changes.get("parent_id") not in (None, channel.parent_id):
                check_parent(channel.type, changes["parent_id"], channels, child_id=channel_id)
            after = await tx.channels.update(channel_id, changes)
            if changes:
                last_id = last_ids.get(channel_id)
                tx.announce(announce_channel(self._ids.next(), CHANNEL_UPDATE, after, last_id, before=channel))
            await sync_children(tx, self._ids, channels, before=channel, after=after)
        return show_channel(after, last_ids.get(channel_id))

    @on_present_rights
    async def delete(self, caller: Caller, channel_id: int, *, is_silent: bool) -> ChannelObject | DirectChannelObject:
        """Delete a guild's channel. A direct one is only closed for the caller, and a group is left.

        With `is_silent` no message in the group tells of it.
        """
        access = await self._entities.channel_access(caller.user_id, channel_id)
        if access.guild is None:
            return await self._private.leave(caller, access.channel, is_silent=is_silent)
        access.require(Permission.MANAGE_CHANNELS)
        last_ids = await self._last_messages.find_ids([channel_id])
        async with self._store.write(guilds=[access.channel.guild_id]) as tx:
            present = await confirm_rights(tx, access.guild)
            guild, channel = present.guild, present.channels[channel_id]
            if needs_channel(guild, channel_id):
                raise CommunityChannel
            await self._voice.empty(tx, channel.guild_id, channel_id)
            await self._stages.close(tx, channel_id)
            await tx.channels.delete(channel_id)
            tx.announce(announce_channel(self._ids.next(), CHANNEL_DELETE, channel, last_ids.get(channel_id)))
            for child in present.channels.values():
                if child.parent_id == channel_id:
                    orphan = msgspec.structs.replace(child, parent_id=None)
                    tx.announce(announce_channel(self._ids.next(), CHANNEL_UPDATE, orphan, before=child))
            await self._forget_in_guild(tx, guild, channel_id)
        return show_channel(channel, last_ids.get(channel_id))

    async def _initial_overwrites(
        self, form: CreateChannel, access: GuildAccess, parent: Channel | None
    ) -> tuple[Overwrite, ...]:
        inherited = () if parent is None else parent.overwrites
        if form.permission_overwrites is None:
            return inherited
        overwrites = await resolve_overwrites(self._entities, form.permission_overwrites, access.entry)
        named = {overwrite.id for overwrite in overwrites}
        bits = changed_bits([item for item in inherited if item.id in named], overwrites)
        check_grant(bits, held=access.permissions)
        return overwrites

    async def _new_overwrites(
        self, forms: list[OverwriteForm], access: ChannelAccess, guild: GuildAccess
    ) -> tuple[Overwrite, ...]:
        before = access.channel.overwrites
        overwrites = await resolve_overwrites(self._entities, forms, guild.entry, before)
        if set(overwrites) != set(before):
            require_grant(access, guild, overwrites)
        return overwrites

    async def _forget_in_guild(self, tx: Transaction, guild: Guild, channel_id: int) -> None:
        changes: dict[str, Any] = {name: None for name in _GUILD_FIELDS if getattr(guild, name) == channel_id}
        if not changes:
            return
        guild = await tx.guilds.update(guild.id, changes)
        payload = render_guild(guild, await tx.roles.list_of_guild(guild.id))
        before = GuildBefore(guild.owner_id)
        tx.announce(guild_event(self._ids.next(), GUILD_UPDATE, guild.id, payload, before=before))


def _changes_of(form: UpdateChannel, channel: Channel) -> dict[str, Any]:
    """Return the changes of the form, except overwrites."""
    changes = pick_changes(form, _PLAIN_FIELDS, clearable=_CLEARABLE_FIELDS)
    kind = channel.type
    if isinstance(form.type, int):
        check_conversion(kind, form.type)
        changes["type"] = kind = form.type
    if isinstance(form.name, str):
        changes["name"] = compute_name(kind, form.name)
    if isinstance(form.flags, int):
        changes["flags"] = merge_flags(form.flags, channel.flags, settable=_SETTABLE_FLAGS.get(ChannelType(kind), 0))
    return changes
