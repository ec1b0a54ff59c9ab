"""Fleets for tests of decisions, what happens to them in between, and hypothesis' choice of them."""

from hypothesis import strategies as st

from core.shards.map_writer import Change
from core.shards.shard_map import Place, Wishes
from core.shards.worker import Worker, WorkerState
from shardctl.control.decisions import decide
from shardctl.control.fleet import Fleet

NUM_SHARDS = 24
TERM = 3
NAMES = ("a", "b", "c", "d")


def worker(name: str, life: int = 1, **fields: object) -> Worker:
    return Worker(name=name, incarnation=f"{name}-x.{life}", **fields)  # type: ignore[arg-type]


def fleet(*workers: Worker, places: dict[int, Place] | None = None, **fields: object) -> Fleet:
    values = {"num_shards": NUM_SHARDS, "wishes": Wishes(), **fields}
    return Fleet(places=places or {}, workers=workers, **values)  # type: ignore[arg-type]


def apply(before: Fleet, changes: list[Change]) -> Fleet:
    """Return the fleet after the changes, as the script in Redis makes them."""
    places = dict(before.places)
    for change in changes:
        assert change.epoch == (places[change.shard].epoch if change.shard in places else 0)
        if change.shard not in places or places[change.shard].owner != change.owner:
            assert change.next_epoch > change.epoch
        places[change.shard] = Place(change.owner, change.next_epoch, change.moving_to)
    return changed(before, places=places)


def end_moves(before: Fleet) -> Fleet:
    """Return the fleet after its workers have ended all moves."""
    places = {
        shard: Place(place.moving_to, place.epoch + 1) if place.moving_to else place
        for shard, place in before.places.items()
    }
    return changed(before, places=places)


def settle(before: Fleet) -> Fleet:
    """Decide until nothing is to be done."""
    present = before
    for _ in range(100):
        changes = decide(present, TERM)
        if not changes:
            return present
        present = end_moves(apply(present, changes))
    raise AssertionError("the decisions come to no end")


def owners(of: Fleet) -> dict[int, str]:
    return {shard: place.owner for shard, place in of.places.items()}


def changed(before: Fleet, **values: object) -> Fleet:
    fields = {name: getattr(before, name) for name in Fleet.__struct_fields__}
    return Fleet(**{**fields, **values})  # type: ignore[arg-type]


places = st.one_of(
    st.none(),
    st.builds(
        lambda owner, life, target, epoch: Place(f"{owner}-x.{life}", epoch, target and f"{target}-x.1"),
        st.sampled_from((*NAMES, "gone")),
        st.integers(1, 2),
        st.sampled_from(("", *NAMES, "gone")),
        st.integers(1, 1 << 40),
    ),
)
workers = st.lists(st.sampled_from(NAMES), unique=True, min_size=0).flatmap(
    lambda names: st.tuples(
        *(
            st.builds(
                worker,
                st.just(name),
                st.integers(1, 2),
                weight=st.sampled_from((0.0, 0.5, 1.0, 4.0)),
                state=st.sampled_from(WorkerState),
                shards=st.sampled_from(("", "0-3", "2,20-23")),
            )
            for name in names
        )
    )
)
wishes = st.builds(
    Wishes,
    pins=st.dictionaries(st.integers(0, NUM_SHARDS - 1), st.sampled_from((*NAMES, "gone")), max_size=6),
    drained=st.frozensets(st.sampled_from(NAMES), max_size=3),
    is_rebalancing=st.booleans(),
    burdens=st.dictionaries(st.sampled_from((*NAMES, "gone")), st.floats(0, 1), max_size=5),
)
fleets = st.builds(
    lambda found, living, wanted, may_bury, at_once: fleet(
        *living,
        places={shard: place for shard, place in enumerate(found) if place is not None},
        wishes=wanted,
        may_bury=may_bury,
        moves_at_once=at_once,
    ),
    st.lists(places, min_size=NUM_SHARDS, max_size=NUM_SHARDS),
    workers,
    wishes,
    st.booleans(),
    st.integers(1, 5),
)
