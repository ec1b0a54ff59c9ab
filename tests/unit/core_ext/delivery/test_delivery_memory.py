"""A delivery keeps nothing, once everything has grown: what an event takes does not depend on how many get it."""

import socket
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

from tests.unit.core_ext.delivery.delivery_bench import Bench, Body
from tests.unit.core_ext.twins import implementations_of, sibling_of

FEW, MANY = 100, 400
compiled = [module for module in implementations_of("delivery") if module.__name__.endswith("_c")]


@pytest.fixture
def endless() -> Iterator[int]:
    """A socket that takes whatever it is sent: datagrams past what the receiver holds are lost without a word."""
    with socket.socket(type=socket.SOCK_DGRAM) as far, socket.socket(type=socket.SOCK_DGRAM) as near:
        far.bind(("127.0.0.1", 0))
        near.connect(far.getsockname())
        near.setblocking(False)
        yield near.fileno()


def count_blocks(bench: Bench, tracks: list[Any], slots: Any) -> tuple[int, int]:
    """How many blocks of memory more there are when an event is with its tracks, and when it is sent."""
    body = Body(b"x" * 100)
    before = sys.getallocatedblocks()
    bench.module.deliver(tracks, slots, body)
    delivered = sys.getallocatedblocks() - before
    bench.queue.flush(MANY)
    return delivered, sys.getallocatedblocks() - before


@pytest.mark.parametrize("module", compiled)
def test_event_takes_as_much_memory_for_many_sessions_as_for_few(module: ModuleType, endless: int) -> None:
    bench = Bench(module)
    tracks = []
    for _ in range(MANY):
        tracks.append(track := bench.make_track(max_events=4))
        track.attach(bench.make_outlet(fd=endless)[0])
    few, many = (sibling_of(module, "slot_set").SlotSet(range(number)) for number in (FEW, MANY))
    for _ in range(20):
        count_blocks(bench, tracks, many)
    # Others of the process allocate too: the least of several is what the event itself takes.
    taken_by_few = [count_blocks(bench, tracks, few) for _ in range(20)]
    taken_by_many = [count_blocks(bench, tracks, many) for _ in range(20)]
    for few_blocks, many_blocks in zip(zip(*taken_by_few, strict=True), zip(*taken_by_many, strict=True), strict=True):
        assert min(many_blocks) <= min(few_blocks) + 2
    assert {track.seq for track in tracks} == {40, 60}
