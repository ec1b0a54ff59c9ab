"""Pruning: members without roles who were not seen for days are counted, or removed all at once."""

from collections.abc import Collection, Sequence

from api.forms.form import parse_ids
from api.services.access import GuildAccess
from api.services.caller import Caller
from api.services.entity_cache import EntityCache
from api.services.members.membership import Membership
from api.services.rights import confirm_rights, on_present_rights
from core.domain.errors import UnknownRole
from core.domain.guilds.permissions import Permission
from core.runtime.clock import Clock
from core.store.interfaces import Store
from core.wire.objects.guilds.member import PruneObject

DEFAULT_DAYS = 7
_DAY_MS = 24 * 60 * 60 * 1000
_BATCH = 100
"""The members that one unit of work removes, so that a big prune does not block the writer for long."""


class PruneService:
    """Counts and removes inactive members."""

    __slots__ = ("_clock", "_entities", "_membership", "_store")

    def __init__(self, *, store: Store, entities: EntityCache, membership: Membership, clock: Clock) -> None:
        self._store = store
        self._entities = entities
        self._membership = membership
        self._clock = clock

    async def count(self, caller: Caller, guild_id: int, *, days: int, role_ids: Collection[int]) -> PruneObject:
        """Count the members that a prune would remove."""
        access = await self._access(caller, guild_id, role_ids)
        return PruneObject(pruned=len(await self._find(access, days, role_ids)))

    async def prune(
        self, caller: Caller, guild_id: int, *, days: int, role_ids: Collection[int], with_count: bool
    ) -> PruneObject:
        """Remove inactive members."""
        access = await self._access(caller, guild_id, role_ids)
        found = await self._find(access, days, role_ids)
        pruned = 0
        for start in range(0, len(found), _BATCH):
            pruned += await self._prune_batch(caller, guild_id, found[start : start + _BATCH], role_ids)
        return PruneObject(pruned=pruned if with_count else None)

    @on_present_rights
    async def _prune_batch(
        self, caller: Caller, guild_id: int, user_ids: Sequence[int], role_ids: Collection[int]
    ) -> int:
        """Remove those users who may still be removed, and return their number."""
        access = await self._access(caller, guild_id, role_ids)
        prunable_roles = set(role_ids)
        pruned = 0
        async with self._store.write(users=user_ids, guilds=[guild_id]) as tx:
            await confirm_rights(tx, access)
            for member in await tx.members.find_many(guild_id, user_ids):
                if member.user.id == access.entry.guild.owner_id:
                    continue  # who has become the owner since they were found
                if prunable_roles.issuperset(member.role_ids) and (not role_ids or access.outranks(member)):
                    await self._membership.remove(tx, guild_id, member.user.id)
                    pruned += 1
        return pruned

    async def _access(self, caller: Caller, guild_id: int, role_ids: Collection[int]) -> GuildAccess:
        access = await self._entities.access(caller.user_id, guild_id)
        access.require(Permission.KICK_MEMBERS | Permission.MANAGE_GUILD)
        for role_id in role_ids:
            if role_id not in access.entry.roles:
                raise UnknownRole
        return access

    async def _find(self, access: GuildAccess, days: int, role_ids: Collection[int]) -> list[int]:
        """Find the members to remove. With `role_ids`, members above the caller stay."""
        guild_id = access.entry.guild.id
        since_ms = self._clock.now_ms() - days * _DAY_MS
        found = await self._store.members.list_prunable(guild_id, inactive_since_ms=since_ms, role_ids=role_ids)
        if not role_ids:
            return [user_id for user_id in found if user_id != access.member.user.id]
        outranked: list[int] = []
        for start in range(0, len(found), _BATCH):
            members = await self._store.members.find_many(guild_id, found[start : start + _BATCH])
            outranked += [member.user.id for member in members if access.outranks(member)]
        return outranked


def parse_role_ids(given: Collection[int] | str | None) -> list[int]:
    """Parse `include_roles`: a list, or ids with commas between them."""
    return parse_ids(given, "include_roles")
