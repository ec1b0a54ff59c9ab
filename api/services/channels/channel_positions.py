"""The order of a guild's channels. A request moves several at once, as users drag them."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import UNSET

from api.services.access import GuildAccess, access_guild_channel, require_place
from api.services.caller import Caller
from api.services.channels.channel_forms import ChannelPosition
from api.services.channels.channel_objects import announce_channel
from api.services.channels.channel_rules import check_parent, is_synced
from api.services.channels.last_messages import LastMessages
from api.services.channels.overwrites import require_grant
from api.services.entity_cache import EntityCache
from api.services.ids import IdSource
from api.services.rights import confirm_rights, on_present_rights
from core.domain.channels.channel import Channel
from core.domain.errors import SeveralParents, UnknownChannel
from core.domain.events import CHANNEL_UPDATE
from core.domain.guilds.permissions import Permission
from core.store.interfaces import Store


class ChannelOrderService:
    """Moves channels."""

    __slots__ = ("_entities", "_ids", "_last_messages", "_store")

    def __init__(self, *, store: Store, entities: EntityCache, last_messages: LastMessages, ids: IdSource) -> None:
        self._store = store
        self._entities = entities
        self._last_messages = last_messages
        self._ids = ids

    @on_present_rights
    async def move(self, caller: Caller, guild_id: int, forms: Sequence[ChannelPosition]) -> None:
        """Apply the forms one after the other, all or none."""
        access = await self._entities.access(caller.user_id, guild_id)
        access.require(Permission.MANAGE_CHANNELS)
        last_ids = await self._last_messages.find_ids([form.id for form in forms if form.id is not None])
        async with self._store.write(guilds=[guild_id]) as tx:
            present = (await confirm_rights(tx, access)).channels
            channels = dict(present)
            moved: dict[int, dict[str, Any]] = {}
            for index, form in enumerate(forms):
                if form.id is None:
                    continue
                changes = compute_move(form, channels, access, (index,))
                channels[form.id] = msgspec.structs.replace(channels[form.id], **changes)
                moved.setdefault(form.id, {}).update(changes)
            if sum("parent_id" in changes for changes in moved.values()) > 1:
                raise SeveralParents
            for channel_id, changes in moved.items():
                if changes:
                    channel = await tx.channels.update(channel_id, changes)
                    last_id, before = last_ids.get(channel_id), present[channel_id]
                    tx.announce(announce_channel(self._ids.next(), CHANNEL_UPDATE, channel, last_id, before=before))


def compute_move(
    form: ChannelPosition, channels: Mapping[int, Channel], access: GuildAccess, path: tuple[str | int, ...]
) -> dict[str, Any]:
    """Compute the changes of one channel.

    A new category needs the right to manage the channel and the category. To take over a category's overwrites, the
    caller must view both and be allowed to set each overwrite.

    Raises:
        UnknownChannel, Invalid: when channel or category are not there, or the category is full.
        MissingAccess, Forbidden: without these rights.
    """
    channel = channels.get(form.id or 0)
    if channel is None:
        raise UnknownChannel
    channel_access = access_guild_channel(access, channel)
    changes: dict[str, Any] = {}
    if form.position is not None and form.position != channel.position:
        changes["position"] = form.position
    if form.parent_id is not UNSET and form.parent_id != channel.parent_id:
        channel_access.require(Permission.MANAGE_CHANNELS)
        require_place(access, channels.get(form.parent_id or 0))
        if form.parent_id is not None:
            check_parent(channel.type, form.parent_id, channels, child_id=channel.id, path=path)
        changes["parent_id"] = form.parent_id
    parent = channels.get(changes.get("parent_id", channel.parent_id) or 0)
    if form.lock_permissions and parent is not None and not is_synced(channel, parent.overwrites):
        access_guild_channel(access, parent)
        require_grant(channel_access, access, parent.overwrites)
        changes["overwrites"] = parent.overwrites
    return changes
