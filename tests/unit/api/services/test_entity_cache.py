"""The cache of entities over events that come later than the rows, as they do when other processes write them."""

from collections.abc import Callable

import msgspec

from api.services.entity_cache import EntityCache
from core.bus.interfaces import Delivery
from core.domain.guilds.guild import Guild, GuildSnapshot
from core.domain.guilds.member import Member
from tests.contract.builders import flake, new_envelope
from tests.fakes.clock import FakeClock

GUILD = flake(10)


class LateBus:
    """A bus that delivers when it is told to."""

    def __init__(self) -> None:
        self._listeners: list[Callable[[Delivery], None]] = []

    def subscribe(self, listener: Callable[[Delivery], None]) -> None:
        self._listeners.append(listener)

    def deliver(self, event: str, revision: int) -> None:
        """Deliver an event of the guild."""
        envelope = new_envelope(revision, GUILD, event, user_id=flake(2))
        for listener in self._listeners:
            listener(Delivery(1000 + revision, 0, envelope, revision))


class OneGuildStore:
    """A store with one guild, whose loads are counted."""

    def __init__(self) -> None:
        guild = Guild(id=GUILD, name="guild", owner_id=flake(1))
        self.snapshot = GuildSnapshot(guild=guild, roles=(), channels=(), member_count=1, revision=0)
        self.loads = 0
        self.guilds = self.members = self

    def commit(self, revision: int, *, member_count: int, name: str = "guild") -> None:
        """Change the rows."""
        guild = Guild(id=GUILD, name=name, owner_id=flake(1))
        changes = {"guild": guild, "member_count": member_count, "revision": revision}
        self.snapshot = msgspec.structs.replace(self.snapshot, **changes)

    async def load_snapshot(self, guild_id: int) -> GuildSnapshot | None:
        self.loads += 1
        return self.snapshot if guild_id == GUILD else None

    async def find(self, guild_id: int, user_id: int) -> Member | None:
        return None


class Late:
    """The cache with its store and its bus."""

    def __init__(self) -> None:
        self.bus = LateBus()
        self.store = OneGuildStore()
        self.cache = EntityCache(store=self.store, bus=self.bus, clock=FakeClock())  # type: ignore[arg-type]

    async def count(self) -> int:
        return (await self.cache.guild(GUILD)).member_count


async def test_join_that_the_loaded_guild_has_already_is_not_counted_again() -> None:
    late = Late()
    late.store.commit(7, member_count=2)
    assert await late.count() == 2
    late.bus.deliver("GUILD_MEMBER_ADD", 7)
    assert await late.count() == 2
    late.bus.deliver("GUILD_MEMBER_ADD", 8)
    assert await late.count() == 3
    assert late.store.loads == 1


async def test_join_that_is_delivered_twice_is_counted_once() -> None:
    late = Late()
    assert await late.count() == 1
    for _ in range(2):
        late.bus.deliver("GUILD_MEMBER_ADD", 8)
    assert await late.count() == 2
    for _ in range(2):
        late.bus.deliver("GUILD_MEMBER_REMOVE", 9)
    assert await late.count() == 1


async def test_change_that_the_loaded_guild_has_already_costs_no_load() -> None:
    late = Late()
    late.store.commit(7, member_count=1, name="new")
    assert (await late.cache.guild(GUILD)).guild.name == "new"
    late.bus.deliver("GUILD_UPDATE", 7)
    await late.cache.guild(GUILD)
    assert late.store.loads == 1
    late.store.commit(8, member_count=1, name="newer")
    late.bus.deliver("GUILD_UPDATE", 8)
    assert (await late.cache.guild(GUILD)).guild.name == "newer"


async def test_event_without_a_revision_always_counts() -> None:
    late = Late()
    late.store.commit(7, member_count=1)
    assert await late.count() == 1
    late.bus.deliver("GUILD_MEMBER_ADD", 0)
    assert await late.count() == 2
    late.bus.deliver("GUILD_MEMBER_ADD", 7)
    assert await late.count() == 2, "the entry is at its revision still"
