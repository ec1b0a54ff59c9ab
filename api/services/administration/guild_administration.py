"""Guilds as instance staff sees them: found, deleted, given to another owner."""

from api.services.administration.staff_actions import StaffActions
from api.services.administration.staff_authenticator import Staff
from api.services.announcements import guild_event
from api.services.ids import IdSource
from api.services.still_there import fetch_guild, require_new_owner
from core.domain.errors import UnknownGuild
from core.domain.events import GUILD_DELETE, GUILD_UPDATE
from core.store.interfaces import Store
from core.wire.before import GuildBefore
from core.wire.objects.administration import AdminGuildDetails, AdminGuildObject, render_guild
from core.wire.objects.guilds.guild import DeletedGuild
from core.wire.objects.guilds.guild import render_guild as render_for_members


class GuildAdministration:
    """Reads and changes guilds for staff."""

    __slots__ = ("_actions", "_ids", "_store")

    def __init__(self, *, store: Store, actions: StaffActions, ids: IdSource) -> None:
        self._store = store
        self._actions = actions
        self._ids = ids

    async def list_page(self, *, search: str, after: int, limit: int) -> list[AdminGuildObject]:
        """List guilds by ascending id, those whose name has the text."""
        found = await self._store.guilds.list_page(search=search, after=after, limit=limit)
        return [render_guild(guild) for guild in found]

    async def fetch(self, guild_id: int) -> AdminGuildDetails:
        """Return a guild. Raises UnknownGuild."""
        snapshot = await self._store.guilds.load_snapshot(guild_id)
        if snapshot is None:
            raise UnknownGuild
        shown = render_guild(snapshot.guild)
        return AdminGuildDetails(
            id=shown.id,
            name=shown.name,
            owner_id=shown.owner_id,
            created_at=shown.created_at,
            members=snapshot.member_count,
            channels=len(snapshot.channels),
            roles=len(snapshot.roles),
        )

    async def delete(self, staff: Staff, guild_id: int, reason: str | None) -> None:
        """Delete a guild with all its contents. Raises UnknownGuild."""
        details: dict[str, str] = {}
        unit = self._actions.act(
            staff, "owner", "guild.delete", guild_id, reason=reason, details=details, guilds=[guild_id]
        )
        async with unit as tx:
            guild = await fetch_guild(tx, guild_id)
            details |= {"name": guild.name, "owner": str(guild.owner_id)}
            await tx.guilds.delete(guild_id)
            tx.announce(guild_event(self._ids.next(), GUILD_DELETE, guild_id, DeletedGuild(id=str(guild_id))))

    async def transfer(self, staff: Staff, guild_id: int, owner_id: int, reason: str | None) -> None:
        """Make another member the owner of a guild. Raises UnknownGuild, UnknownMember, OwnerIsBot."""
        details = {"to": str(owner_id)}
        unit = self._actions.act(
            staff, "owner", "guild.transfer", guild_id, reason=reason, details=details, guilds=[guild_id]
        )
        async with unit as tx:
            before = GuildBefore((await fetch_guild(tx, guild_id)).owner_id)
            details["from"] = str(before.owner_id)
            await require_new_owner(tx, guild_id, owner_id)
            guild = await tx.guilds.update(guild_id, {"owner_id": owner_id})
            payload = render_for_members(guild, await tx.roles.list_of_guild(guild_id))
            tx.announce(guild_event(self._ids.next(), GUILD_UPDATE, guild_id, payload, before=before))
