"""A guild's vanity code: an invite of its own choosing that never runs out."""

import re
from typing import Final

from api.services.announcements import guild_event
from api.services.caller import Caller
from api.services.entity_cache import EntityCache
from api.services.guilds.guild_forms import UpdateVanityUrl
from api.services.ids import IdSource
from api.services.rights import confirm_rights, on_present_rights
from core.domain.errors import Invalid, InvalidInviteCode
from core.domain.events import GUILD_UPDATE
from core.domain.guilds.guild import Guild
from core.domain.guilds.permissions import Permission
from core.store.interfaces import Store
from core.wire.before import GuildBefore
from core.wire.objects.guilds.guild import render_guild
from core.wire.objects.guilds.invite import VanityObject

_CODE: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])")


class VanityService:
    """Shows and sets vanity codes."""

    __slots__ = ("_entities", "_ids", "_store")

    def __init__(self, *, store: Store, entities: EntityCache, ids: IdSource) -> None:
        self._store = store
        self._entities = entities
        self._ids = ids

    async def fetch(self, caller: Caller, guild_id: int) -> VanityObject:
        """Return the code, for managers of the guild."""
        access = await self._entities.access(caller.user_id, guild_id)
        access.require(Permission.MANAGE_GUILD)
        return await self._show(access.entry.guild)

    @on_present_rights
    async def update(self, caller: Caller, guild_id: int, form: UpdateVanityUrl) -> VanityObject:
        """Set the code, or remove it with null or "".

        Raises:
            InvalidInviteCode: when it is taken, also by an ordinary invite, or malformed.
        """
        access = await self._entities.access(caller.user_id, guild_id)
        access.require(Permission.MANAGE_GUILD)
        if not isinstance(form.code, str | None):
            return await self._show(access.entry.guild)
        code = form.code.lower() if form.code else None
        if code is not None and not _CODE.fullmatch(code):
            raise InvalidInviteCode
        async with self._store.write(guilds=[guild_id]) as tx:
            await confirm_rights(tx, access)
            if code is not None and await tx.invites.find(code) is not None:
                raise InvalidInviteCode
            try:
                guild = await tx.guilds.update(guild_id, {"vanity_url_code": code})
            except Invalid:
                raise InvalidInviteCode from None
            payload = render_guild(guild, await tx.roles.list_of_guild(guild_id))
            before = GuildBefore(guild.owner_id)
            tx.announce(guild_event(self._ids.next(), GUILD_UPDATE, guild_id, payload, before=before))
        return await self._show(guild)

    async def _show(self, guild: Guild) -> VanityObject:
        uses = await self._store.guilds.count_vanity_uses(guild.id)
        return VanityObject(code=guild.vanity_url_code, uses=uses)
