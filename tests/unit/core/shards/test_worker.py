"""What a lease says of a worker."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.shards.epochs import next_epoch, term_of
from core.shards.incarnations import incarnation_of, is_name, name_of
from core.shards.worker import (
    Worker,
    WorkerAddresses,
    WorkerLoad,
    decode_workers,
    encode_worker,
    read_ranges,
    write_ranges,
)


def test_worker_is_read_as_it_was_written() -> None:
    worker = Worker(
        name="w",
        incarnation="w-a.1",
        addresses=WorkerAddresses(gateway="ws://10.0.0.1:8081", link="10.0.0.1:9000"),
        weight=2.5,
        load=WorkerLoad(cpu=0.5, sessions=3, events_per_s=1.25),
        shards="0-3",
    )
    assert decode_workers([b"w", b"w-a.1", 3000, encode_worker(worker)]) == [worker]


@pytest.mark.parametrize("said", [b"", b"[]", b'{"name": 1}', b'{"name": "w", "incarnation": "w-a.1", "state": "odd"}'])
def test_worker_that_says_what_nobody_understands_has_its_names(said: bytes) -> None:
    assert decode_workers([b"w", b"w-a.1", 3000, said]) == [Worker(name="w", incarnation="w-a.1")]


@given(st.sets(st.integers(0, 300)))
def test_ranges_hold_each_shard(shards: set[int]) -> None:
    assert list(read_ranges(write_ranges(shards))) == sorted(shards)


@pytest.mark.parametrize(
    ("shards", "text"), [((), ""), ((7,), "7"), ((0, 1, 2, 4), "0-2,4"), (range(256), "0-255"), ((1, 3, 4), "1,3-4")]
)
def test_ranges_are_short(shards: tuple[int, ...], text: str) -> None:
    assert write_ranges(shards) == text


def test_incarnation_has_the_name_of_its_worker() -> None:
    assert name_of(incarnation_of("worker-1-5f0c", 2)) == "worker-1"
    assert name_of(incarnation_of("gw.a-b_c-5f0c", 11)) == "gw.a-b_c"


@pytest.mark.parametrize(
    ("name", "is_good"), [("worker-1", True), ("", False), ("a b", False), ("-a", False), ("ä", False)]
)
def test_name_is_one_word(name: str, is_good: bool) -> None:
    assert is_name(name) == is_good


@given(st.integers(0, 1 << 52), st.integers(1, 1 << 20))
def test_epochs_rise_and_are_of_their_term(epoch: int, term: int) -> None:
    following = next_epoch(epoch, term)
    assert following > epoch
    assert term_of(following) >= term
    assert next_epoch(following, term + 1) > following
