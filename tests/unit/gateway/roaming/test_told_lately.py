"""Guilds that get another home are told again what they were told lately."""

from collections.abc import Collection

from core.domain.ids import shard_of
from gateway.roaming.told_lately import KEPT_S, SETTLE_S, ToldLately
from tests.fakes.clock import FakeClock
from tests.fakes.timers import FakeTimers

SHARDS = 4
GUILD = 1 << 22
OTHER = next(each << 22 for each in range(2, 100) if shard_of(each << 22, SHARDS) != shard_of(GUILD, SHARDS))
ALICE, BOB = 5, 6


class Place:
    """One worker's memory of what was told, and what is told again."""

    def __init__(self, home: str = "a") -> None:
        self.clock = FakeClock()
        self.timers = FakeTimers(self.clock)
        self.owners = dict.fromkeys(range(SHARDS), home)
        self.again: list[tuple[int, list[int]]] = []
        self.told = ToldLately(
            owner_of=self.owners.__getitem__,
            num_shards=SHARDS,
            clock=self.clock,
            call_later=self.timers.call_later,
            tell=self._tell,
        )

    def _tell(self, user_id: int, guild_ids: Collection[int]) -> None:
        self.again.append((user_id, list(guild_ids)))
        self.told.note(user_id, guild_ids)  # as all that is told

    def move(self, guild_id: int, home: str) -> None:
        """Let a guild have another home, or none."""
        self.owners[shard_of(guild_id, SHARDS)] = home
        self.told.follow_homes()


def test_what_was_told_while_there_was_no_home_is_told_to_the_next_one() -> None:
    place = Place()
    place.move(GUILD, "")
    place.told.note(ALICE, [GUILD, OTHER])
    place.timers.advance(KEPT_S - 1)
    assert place.again == []
    place.move(GUILD, "b")
    place.timers.advance(SETTLE_S)
    assert place.again == [(ALICE, [GUILD])]


def test_what_is_told_before_all_sit_at_the_next_home_is_told_again() -> None:
    place = Place()
    place.told.note(ALICE, [GUILD])
    place.move(GUILD, "b")
    place.told.note(BOB, [GUILD])
    place.timers.advance(SETTLE_S)
    assert place.again == [(ALICE, [GUILD]), (BOB, [GUILD])]


def test_what_was_told_long_ago_is_not_told_again() -> None:
    place = Place()
    place.told.note(ALICE, [GUILD])
    place.timers.advance(KEPT_S)
    place.move(GUILD, "b")
    place.timers.advance(SETTLE_S)
    assert place.again == []


def test_home_that_is_the_first_or_the_same_again_misses_nothing() -> None:
    place = Place("")
    place.told.note(ALICE, [GUILD])
    for home in ("a", "", "a"):
        place.move(GUILD, home)
        place.timers.advance(SETTLE_S)
    assert place.again == []
