"""Rights that still hold when they are used.

A service takes its caller's rights from the cache, checks them, and then waits for its unit of work. A right that is
revoked meanwhile must not be used, so the rights are confirmed inside the unit, which names the guild: no other unit
can change its rows before this one ends. If they have changed, the service starts again with the new ones.

    @on_present_rights
    async def kick(self, caller: Caller, guild_id: int, user_id: int) -> None:
        access = await self._entities.access(caller.user_id, guild_id)
        …checks…
        async with self._store.write(users=[user_id], guilds=[guild_id]) as tx:
            await confirm_rights(tx, access, target)
            …
"""

import contextlib
import functools
from collections.abc import Awaitable, Callable
from typing import Any, Concatenate, Final, ParamSpec, Protocol, TypeVar

from api.services.access import GuildAccess, GuildEntry, as_entry
from api.services.entity_cache import EntityCache
from core.domain.errors import Unavailable, UnknownGuild
from core.domain.guilds.member import Member
from core.store.interfaces import Store, Transaction

MAX_ATTEMPTS: Final = 10
"""Each failed attempt means that a new request, or another process, changed the guild meanwhile. This many in a row are
a storm."""


class RightsChanged(Exception):
    """The rights that a service has checked in this guild have changed."""

    def __init__(self, guild_id: int) -> None:
        super().__init__(guild_id)
        self.guild_id = guild_id


class _Service(Protocol):
    @property
    def _store(self) -> Store: ...
    @property
    def _entities(self) -> EntityCache: ...


S = TypeVar("S", bound=_Service)
P = ParamSpec("P")
R = TypeVar("R")
Method = Callable[Concatenate[S, P], Awaitable[R]]


def on_present_rights(method: Method[S, P, R]) -> Method[S, P, R]:
    """Make the method start again as long as `confirm_rights` finds that rights have changed.

    Raises:
        Unavailable: when they change all the time.
    """

    @functools.wraps(method)
    async def run(service: S, /, *args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return await method(service, *args, **kwargs)
        except RightsChanged as changed:
            guild_id = changed.guild_id
        # Many requests that change one guild at once would overtake each other for ever: of those that must begin
        # anew, one runs at a time.
        async with service._entities.turn(guild_id):
            for _ in range(MAX_ATTEMPTS):
                # An empty unit ends when all units before it are committed, so a read after it sees them.
                async with service._store.write(guilds=[guild_id]):
                    pass
                service._entities.forget_guild(guild_id)
                with contextlib.suppress(RightsChanged):
                    return await method(service, *args, **kwargs)
        raise Unavailable

    return run


async def confirm_rights(tx: Transaction, access: GuildAccess, *others: Member | int) -> GuildEntry:
    """Check that the caller's rights, and the places of the members that they are used on, have not changed.

    `others` are such members, or ids of users who were no members. Returns the present guild, with the same roles and
    channels.

    Raises:
        RightsChanged, UnknownGuild
    """
    guild_id = access.entry.guild.id
    snapshot = await tx.guilds.load_snapshot(guild_id)
    if snapshot is None:
        raise UnknownGuild
    present = as_entry(snapshot)
    if _rights_of(access.entry) != _rights_of(present):
        raise RightsChanged(guild_id)
    for other in (access.member, *others):
        before = None if isinstance(other, int) else other
        user_id = other if isinstance(other, int) else other.user.id
        if _place_of(await tx.members.find(guild_id, user_id)) != _place_of(before):
            raise RightsChanged(guild_id)
    return present


def _rights_of(entry: GuildEntry) -> Any:
    """Return the parts of a guild that rights depend on."""
    return (
        entry.guild.owner_id,
        entry.guild.features,
        {role.id: (role.permissions, role.position, role.managed) for role in entry.roles.values()},
        {channel.id: (channel.type, channel.parent_id, channel.overwrites) for channel in entry.channels.values()},
    )


def _place_of(member: Member | None) -> Any:
    return None if member is None else (member.role_ids, member.timeout_until_ms)
