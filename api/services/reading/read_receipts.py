"""Read receipts: how far the others in a direct channel have read, among those who share it with each other.

Nobody shares it until they say so. Who may know of whom is the store's rule (`find_receipt_peers`); acks tell it
(`read_states`).
"""

import msgspec

from api.services.announcements import user_event
from api.services.caller import Caller
from api.services.entity_cache import EntityCache
from api.services.ids import IdSource
from api.services.reading.read_states import require_person
from core.domain.errors import WrongChannelType
from core.domain.events import READ_RECEIPT_SETTINGS_UPDATE
from core.store.interfaces import Store
from core.wire.objects.channels.read_state import ReadReceiptObject, ReadReceiptSettings, render_read_receipt


class ReadReceiptService:
    """Shows receipts, and whether the caller shares its own."""

    __slots__ = ("_entities", "_ids", "_store")

    def __init__(self, *, store: Store, entities: EntityCache, ids: IdSource) -> None:
        self._store = store
        self._entities = entities
        self._ids = ids

    async def list_of_channel(self, caller: Caller, channel_id: int) -> list[ReadReceiptObject]:
        """Return the receipts that the caller may know. None, when the caller does not share its own.

        Raises:
            WrongAccountKind. UnknownChannel, MissingAccess. WrongChannelType: for a channel of a guild.
        """
        require_person(caller)
        access = await self._entities.channel_access(caller.user_id, channel_id)
        if access.channel.guild_id:
            raise WrongChannelType
        found = await self._store.read_states.list_receipts(caller.user_id, channel_id)
        return [render_read_receipt(channel_id, each.user_id, each.last_read_id) for each in found]

    async def fetch_settings(self, caller: Caller) -> ReadReceiptSettings:
        """Return whether the caller shares receipts. Raises WrongAccountKind."""
        require_person(caller)
        settings = await self._store.preferences.find_settings(caller.user_id)
        return ReadReceiptSettings(enabled=settings.read_receipts)

    async def update_settings(self, caller: Caller, *, enabled: bool) -> ReadReceiptSettings:
        """Begin or end to share receipts, and tell the caller's devices. Raises WrongAccountKind."""
        require_person(caller)
        shown = ReadReceiptSettings(enabled=enabled)
        async with self._store.write(users=[caller.user_id]) as tx:
            before = await tx.preferences.find_settings(caller.user_id)
            if before.read_receipts != enabled:
                await tx.preferences.put_settings(msgspec.structs.replace(before, read_receipts=enabled))
                tx.announce(user_event(self._ids.next(), READ_RECEIPT_SETTINGS_UPDATE, caller.user_id, shown))
        return shown
