"""Overwrites of channels, set one by one or all at once. `channel_rules` has the rules of bits.

A channel with its category's overwrites is *synced* with it, and follows the category's changes: a closed category
closes its channels.
"""

from collections.abc import Iterable, Mapping, Sequence

from api.services.access import ChannelAccess, GuildAccess, GuildEntry
from api.services.caller import Caller
from api.services.channels.channel_forms import OverwriteForm, PutOverwrite, overwrite_of, overwrite_type_of
from api.services.channels.channel_objects import announce_channel
from api.services.channels.channel_rules import (
    changed_bits,
    check_grant,
    check_overwrite_count,
    is_synced,
    manages_by_overwrite,
    merge_overwrites,
)
from api.services.channels.last_messages import LastMessages
from api.services.entity_cache import EntityCache
from api.services.ids import IdSource
from api.services.rights import confirm_rights, on_present_rights
from core.domain.channels.channel import Channel, ChannelType, Overwrite
from core.domain.errors import DirectChannelAction, UnknownOverwrite, UnknownUser
from core.domain.events import CHANNEL_UPDATE
from core.domain.guilds.permissions import Permission
from core.store.interfaces import Store, Transaction


class OverwriteService:
    """Sets and deletes single overwrites."""

    __slots__ = ("_entities", "_ids", "_last_messages", "_store")

    def __init__(self, *, store: Store, entities: EntityCache, last_messages: LastMessages, ids: IdSource) -> None:
        self._store = store
        self._entities = entities
        self._last_messages = last_messages
        self._ids = ids

    @on_present_rights
    async def put(self, caller: Caller, channel_id: int, overwrite_id: int, form: PutOverwrite) -> None:
        """Set the permissions that the channel allows and denies to a role or a user."""
        access, guild = await self._access(caller, channel_id)
        type_ = overwrite_type_of(form.type)
        if type_ is None:
            type_ = 0 if overwrite_id in guild.entry.roles else 1
        await self._check_target(guild, overwrite_id, type_)
        overwrite = overwrite_of(form, overwrite_id, type_)
        others = [item for item in access.channel.overwrites if item.id != overwrite_id]
        require_grant(access, guild, [*others, overwrite])
        last_ids = await self._last_messages.find_ids([channel_id])
        async with self._store.write(guilds=[guild.entry.guild.id]) as tx:
            channels = (await confirm_rights(tx, guild)).channels
            channel = channels[channel_id]
            if overwrite in channel.overwrites:
                return
            after = await tx.channels.put_overwrite(channel_id, overwrite)
            check_overwrite_count(after.overwrites)
            self._announce(tx, channel, after, last_ids.get(channel_id))
            await sync_children(tx, self._ids, channels, before=channel, after=after)

    @on_present_rights
    async def delete(self, caller: Caller, channel_id: int, overwrite_id: int) -> None:
        """Take an overwrite away. Raises UnknownOverwrite."""
        access, guild = await self._access(caller, channel_id)
        others = [item for item in access.channel.overwrites if item.id != overwrite_id]
        if len(others) == len(access.channel.overwrites):
            raise UnknownOverwrite
        require_grant(access, guild, others)
        last_ids = await self._last_messages.find_ids([channel_id])
        async with self._store.write(guilds=[guild.entry.guild.id]) as tx:
            channels = (await confirm_rights(tx, guild)).channels
            after = await tx.channels.delete_overwrite(channel_id, overwrite_id)
            self._announce(tx, channels[channel_id], after, last_ids.get(channel_id))
            await sync_children(tx, self._ids, channels, before=channels[channel_id], after=after)

    def _announce(self, tx: Transaction, before: Channel, after: Channel, last_id: int | None) -> None:
        tx.announce(announce_channel(self._ids.next(), CHANNEL_UPDATE, after, last_id, before=before))

    async def _access(self, caller: Caller, channel_id: int) -> tuple[ChannelAccess, GuildAccess]:
        access = await self._entities.channel_access(caller.user_id, channel_id)
        if access.guild is None:
            raise DirectChannelAction
        access.require(Permission.MANAGE_ROLES)
        return access, access.guild

    async def _check_target(self, guild: GuildAccess, overwrite_id: int, type_: int) -> None:
        if type_ == 0:
            if overwrite_id not in guild.entry.roles:
                raise UnknownOverwrite
            return
        try:
            await self._entities.user(overwrite_id)
        except UnknownUser:
            raise UnknownOverwrite from None


def require_grant(access: ChannelAccess, guild: GuildAccess, after: Iterable[Overwrite]) -> None:
    """Raise Forbidden unless the caller may bring the channel's overwrites into this state."""
    access.require(Permission.MANAGE_ROLES)
    member = guild.member
    check_grant(
        changed_bits(access.channel.overwrites, after),
        held=guild.permissions | access.permissions,
        is_free=manages_by_overwrite(access.channel, member.user.id, member.role_ids),
    )


async def sync_children(
    tx: Transaction, ids: IdSource, channels: Mapping[int, Channel], *, before: Channel, after: Channel
) -> None:
    """Give a category's new overwrites to its channels that had the old ones, and announce each."""
    if before.type != ChannelType.CATEGORY or before.overwrites == after.overwrites:
        return
    for child in channels.values():
        if child.parent_id == before.id and is_synced(child, before.overwrites):
            synced = await tx.channels.update(child.id, {"overwrites": after.overwrites})
            tx.announce(announce_channel(ids.next(), CHANNEL_UPDATE, synced, before=child))


async def resolve_overwrites(
    entities: EntityCache, forms: Sequence[OverwriteForm], entry: GuildEntry, before: Iterable[Overwrite] = ()
) -> tuple[Overwrite, ...]:
    """Check and merge the overwrites of a request. The targets of those in `before` are not looked up again.

    Raises:
        UnknownOverwrite: when a role is not the guild's, or a user does not exist.
        LimitReached: when there are too many.
    """
    overwrites = []
    for form in forms:
        type_ = overwrite_type_of(form.type)
        if type_ is None:
            type_ = 0 if form.id in entry.roles else 1
        if (form.id in entry.roles) != (type_ == 0):
            raise UnknownOverwrite
        overwrites.append(overwrite_of(form, form.id, type_))
    merged = merge_overwrites(overwrites)
    check_overwrite_count(merged)
    user_ids = {item.id for item in merged if item.type == 1} - {item.id for item in before}
    if user_ids and user_ids - (await entities.users(user_ids)).keys():
        raise UnknownOverwrite
    return merged
