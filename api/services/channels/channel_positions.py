"""The order of a guild's channels, several at once, as people drag them about."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import UNSET

from api.caller import Caller
from api.services.access import GuildAccess
from api.services.channels.channel_forms import ChannelPosition
from api.services.channels.channel_rules import changed_bits, check_grant, check_parent
from api.services.channels.channel_views import announce_channel
from api.services.directory import Directory
from api.services.ids import IdSource
from core.domain.channel import Channel
from core.domain.errors import UnknownChannel, UnknownGuild
from core.domain.permissions import Permission
from core.store.interfaces import Store


class ChannelOrder:
    """Moves channels."""

    __slots__ = ("_directory", "_ids", "_store")

    def __init__(self, *, store: Store, directory: Directory, ids: IdSource) -> None:
        self._store = store
        self._directory = directory
        self._ids = ids

    async def move(self, caller: Caller, guild_id: int, forms: Sequence[ChannelPosition]) -> None:
        """Apply the forms one after the other, all or none."""
        access = await self._directory.access(caller.user_id, guild_id)
        access.require(Permission.MANAGE_CHANNELS)
        last_ids = await self._store.messages.last_ids([form.id for form in forms if form.id is not None])
        async with self._store.write() as tx:
            snapshot = await tx.guilds.load_snapshot(guild_id)
            if snapshot is None:
                raise UnknownGuild
            channels = {channel.id: channel for channel in snapshot.channels}
            moved: dict[int, dict[str, Any]] = {}
            for index, form in enumerate(forms):
                if form.id is None:
                    continue
                changes = compute_move(form, channels, access, (index,))
                channels[form.id] = msgspec.structs.replace(channels[form.id], **changes)
                moved.setdefault(form.id, {}).update(changes)
            for channel_id, changes in moved.items():
                if changes:
                    channel = await tx.channels.update(channel_id, changes)
                    last_id = last_ids.get(channel_id)
                    tx.announce(announce_channel(self._ids.next(), "CHANNEL_UPDATE", channel, last_id))


def compute_move(
    form: ChannelPosition, channels: Mapping[int, Channel], access: GuildAccess, path: tuple[str | int, ...]
) -> dict[str, Any]:
    """What changes about one channel.

    Raises:
        UnknownChannel, Invalid: when channel or category are not there, or the category is full.
        Forbidden: when the channel would get overwrites that the caller may not set.
    """
    channel = channels.get(form.id or 0)
    if channel is None:
        raise UnknownChannel
    changes: dict[str, Any] = {}
    if form.position is not None and form.position != channel.position:
        changes["position"] = form.position
    if form.parent_id is not UNSET and form.parent_id != channel.parent_id:
        if form.parent_id is not None:
            check_parent(channel.type, form.parent_id, channels, child_id=channel.id, path=path)
        changes["parent_id"] = form.parent_id
    parent = channels.get(changes.get("parent_id", channel.parent_id) or 0)
    if form.lock_permissions and parent is not None and parent.overwrites != channel.overwrites:
        check_grant(changed_bits(channel.overwrites, parent.overwrites), held=access.permissions)
        changes["overwrites"] = parent.overwrites
    return changes
