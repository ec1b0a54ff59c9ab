"""The caller's guilds, as a list and one by one."""

import msgspec
from msgspec import UNSET, UnsetType

from api.caller import Caller
from api.services.access import GuildAccess
from api.services.directory import Directory
from core.domain.errors import UnknownGuild
from core.runtime.clock import Clock
from core.store.interfaces import Store
from core.wire.objects.member import MemberObject, render_member


class OwnGuildObject(msgspec.Struct, kw_only=True):
    """A guild in the list of one's own (MyGuildResponse)."""

    id: str
    name: str
    icon: str | None
    banner: str | None
    owner: bool
    permissions: str
    features: list[str]
    approximate_member_count: int | UnsetType = UNSET
    approximate_presence_count: int | UnsetType = UNSET


class OwnGuilds:
    """Reads which guilds the caller is in."""

    __slots__ = ("_clock", "_directory", "_store")

    def __init__(self, *, store: Store, directory: Directory, clock: Clock) -> None:
        self._store = store
        self._directory = directory
        self._clock = clock

    async def list_page(
        self, caller: Caller, *, before: int | None, after: int | None, limit: int, with_counts: bool
    ) -> list[OwnGuildObject]:
        """By ascending id."""
        found = await self._store.guilds.list_of_user(caller.user_id, before=before, after=after, limit=limit)
        rendered = []
        for guild, member in found:
            try:
                entry = await self._directory.guild(guild.id)
            except UnknownGuild:  # deleted since the list was read
                continue
            access = GuildAccess(entry=entry, member=member, now_ms=self._clock.now_ms())
            rendered.append(_render(access, with_counts=with_counts))
        return rendered

    async def fetch_member(self, caller: Caller, guild_id: int) -> MemberObject:
        """The caller's membership. Raises UnknownGuild, MissingAccess."""
        access = await self._directory.access(caller.user_id, guild_id)
        return render_member(access.member)


def _render(access: GuildAccess, *, with_counts: bool) -> OwnGuildObject:
    guild = access.entry.guild
    return OwnGuildObject(
        id=str(guild.id),
        name=guild.name,
        icon=guild.icon,
        banner=guild.banner,
        owner=access.is_owner,
        permissions=str(access.permissions),
        features=list(guild.features),
        approximate_member_count=access.entry.member_count if with_counts else UNSET,
        approximate_presence_count=0 if with_counts else UNSET,
    )
