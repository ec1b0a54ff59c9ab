"""Who is the home of a shard, by the map and the roster."""

from hypothesis import given
from hypothesis import strategies as st

from core.shards.homes import ShardHomes
from core.shards.roster import Roster
from core.shards.shard_map import EMPTY, Place, ShardMap
from core.shards.worker import Worker

OWN = "w1-aa"


def worker(incarnation: str) -> Worker:
    """A worker with its lease."""
    return Worker(name=incarnation.rpartition("-")[0], incarnation=incarnation)


def roster_of(*incarnations: str, now_s: float = 0.0) -> Roster:
    """What this worker has heard."""
    roster = Roster(process=OWN, patience_s=3.0)
    roster.take([worker(each) for each in incarnations], now_s)
    return roster


def map_of(*owners: str) -> ShardMap:
    """A map of as many shards as there are owners, "" for none."""
    return ShardMap(version=1, places={shard: Place(owner, 1) for shard, owner in enumerate(owners) if owner})


def homes_of(shard_map: ShardMap, roster: Roster, *, shards: int) -> list[str]:
    """Return the homes of all shards."""
    homes = ShardHomes(process=OWN, num_shards=shards)
    homes.take(shard_map, roster)
    return [homes.owner_of(shard) for shard in range(shards)]


def test_lone_worker_has_every_shard_that_nobody_has() -> None:
    assert homes_of(EMPTY, roster_of("w1-aa.1"), shards=2) == [OWN, OWN]
    assert homes_of(EMPTY, roster_of(), shards=2) == [OWN, OWN]


def test_shard_that_nobody_has_is_nowhere_where_there_are_several_workers() -> None:
    assert homes_of(map_of("w1-aa.1", ""), roster_of("w1-aa.1", "w2-bb.1"), shards=2) == [OWN, ""]


def test_shards_are_at_the_present_life_of_the_workers_that_the_map_names() -> None:
    roster = roster_of("w1-aa.3", "w2-cc.1")
    assert homes_of(map_of("w1-99.1", "w2-bb.2", "w3-dd.1"), roster, shards=3) == [OWN, "w2-cc", ""]


def test_change_is_told_once() -> None:
    homes, told = ShardHomes(process=OWN, num_shards=2), list[str]()
    homes.on_change(lambda: told.append(homes.owner_of(1)))
    roster = roster_of("w1-aa.1", "w2-bb.1")
    for _ in range(2):
        homes.take(map_of("w1-aa.1", "w2-bb.1"), roster)
    assert told == ["w2-bb"]
    assert homes.is_here(0)
    assert not homes.is_here(1)


def test_worker_that_is_not_heard_of_is_struck_off_after_a_while() -> None:
    roster = roster_of("w1-aa.1", "w2-bb.1")
    roster.take([worker("w1-aa.1")], 2.0)
    assert list(roster.others) == ["w2-bb"]
    roster.take([worker("w1-aa.1")], 3.5)
    assert not roster.others
    roster.take([worker("w1-aa.1"), worker("w2-bb.2")], 9.0)
    assert list(roster.others) == ["w2-bb"]


def test_nobody_is_struck_off_while_redis_does_not_know_this_worker_either() -> None:
    roster = roster_of("w1-aa.1", "w2-bb.1")
    roster.take([], 100.0)
    assert list(roster.others) == ["w2-bb"]


def test_life_of_a_worker_ends_with_its_next_one() -> None:
    roster = roster_of("w1-aa.1", "w2-bb.1")
    roster.take([worker("w2-cc.1")], 0.1)
    assert list(roster.others) == ["w2-cc"]
    assert roster.find_life("w2") == "w2-cc"
    assert roster.find_life("w3") == ""


@given(st.lists(st.sampled_from(["", "w1-aa.1", "w1-zz.9", "w2-bb.1", "w3-cc.4"]), min_size=1, max_size=20))
def test_every_shard_has_one_home_or_none(owners: list[str]) -> None:
    found = homes_of(map_of(*owners), roster_of("w1-aa.1", "w2-bb.1"), shards=len(owners))
    expected = {"": "", "w1-aa.1": OWN, "w1-zz.9": OWN, "w2-bb.1": "w2-bb", "w3-cc.4": ""}
    assert found == [expected[owner] for owner in owners]
