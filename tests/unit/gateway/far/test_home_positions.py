"""How far the homes of guilds have dispatched, and what is not known of it."""

from core.domain.ids import shard_of
from gateway.events.log_progress import LogProgress
from gateway.far.home_positions import HomePositions

SHARDS = 4
GUILD = 1 << 22


def positions_of(owners: dict[int, str]) -> HomePositions:
    """What one host knows."""
    progress = LogProgress(is_here=lambda _shard: False)
    return HomePositions(progress=progress, owner_of=lambda shard: owners.get(shard, ""), num_shards=SHARDS)


def test_position_counts_when_its_home_has_told_it() -> None:
    shard = shard_of(GUILD, SHARDS)
    positions = positions_of({shard: "home"})
    assert positions.find(shard) == 0
    positions.reach("home", {shard: 7})
    assert positions.find(shard) == 7
    positions.reach("another", {shard: 9})
    assert positions.find(shard) == 7


def test_guild_of_which_something_has_come_since_is_broken() -> None:
    shard = shard_of(GUILD, SHARDS)
    positions = positions_of({shard: "home"})
    positions.reach("home", {shard: 7})
    positions.touch("home", GUILD)
    assert (list(positions.broken("home")), positions.find(shard)) == ([GUILD], 7)
    positions.reach("home", {shard: 8})
    assert (list(positions.broken("home")), positions.find(shard)) == ([], 8)
    positions.touch("home", GUILD)
    positions.forget("home")
    assert (list(positions.broken("home")), positions.find(shard)) == ([], 8)


def test_home_counts_until_its_sessions_have_left_it() -> None:
    shard = shard_of(GUILD, SHARDS)
    owners = {shard: "home"}
    positions = positions_of(owners)
    positions.reach("home", {shard: 7})
    positions.touch("home", GUILD)
    assert not positions.is_whole("home")
    owners[shard] = "next"
    positions.stay(shard_of(GUILD, SHARDS), "home")
    assert (positions.counts("home", GUILD), positions.counts("next", GUILD)) == (True, False)
    positions.reach("next", {shard: 9})
    positions.reach("home", {shard: 8})
    assert positions.is_whole("home")
    assert positions.find(shard) == 8
    positions.stay(shard, "")
    positions.reach("next", {shard: 9})
    assert positions.find(shard) == 9


def test_home_with_which_the_conversation_is_over_counts_no_more() -> None:
    positions = positions_of({shard_of(GUILD, SHARDS): "next"})
    positions.stay(shard_of(GUILD, SHARDS), "home")
    positions.forget("home")
    assert positions.counts("next", GUILD)
