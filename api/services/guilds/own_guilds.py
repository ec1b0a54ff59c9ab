"""The caller's guilds and memberships."""

from api.services.access import GuildAccess
from api.services.caller import Caller
from api.services.entity_cache import EntityCache
from core.domain.errors import UnknownGuild
from core.live.interfaces import OnlineCounts
from core.runtime.clock import Clock
from core.store.interfaces import Store
from core.wire.objects.guilds.guild import OwnGuildObject
from core.wire.objects.guilds.member import MemberObject, render_member


class OwnGuildService:
    """Reads the guilds of the caller."""

    __slots__ = ("_clock", "_entities", "_online", "_store")

    def __init__(self, *, store: Store, entities: EntityCache, online: OnlineCounts, clock: Clock) -> None:
        self._store = store
        self._entities = entities
        self._online = online
        self._clock = clock

    async def list_page(
        self, caller: Caller, *, before: int | None, after: int | None, limit: int, with_counts: bool
    ) -> list[OwnGuildObject]:
        """Return a page of guilds by ascending id."""
        found = await self._store.guilds.list_of_user(caller.user_id, before=before, after=after, limit=limit)
        online = await self._online.find_many([guild.id for guild, _ in found]) if with_counts else {}
        rendered = []
        for guild, member in found:
            try:
                entry = await self._entities.guild(guild.id)
            except UnknownGuild:  # deleted since the list was read
                continue
            access = GuildAccess(entry=entry, member=member, now_ms=self._clock.now_ms())
            shown = _render(access)
            if with_counts:
                shown.approximate_member_count = entry.member_count
                shown.approximate_presence_count = online.get(guild.id, 0)
            rendered.append(shown)
        return rendered

    async def fetch_member(self, caller: Caller, guild_id: int) -> MemberObject:
        """Return the caller's membership. Raises UnknownGuild, MissingAccess."""
        access = await self._entities.access(caller.user_id, guild_id)
        return render_member(access.member)


def _render(access: GuildAccess) -> OwnGuildObject:
    guild = access.entry.guild
    return OwnGuildObject(
        id=str(guild.id),
        name=guild.name,
        icon=guild.icon,
        banner=guild.banner,
        owner=access.is_owner,
        permissions=str(access.permissions),
        features=list(guild.features),
    )
