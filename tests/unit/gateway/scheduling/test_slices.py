"""Works in slices: every step is done once and in order, and no turn of the loop does more than some."""

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.scheduling.batch_timer import Handle
from gateway.scheduling.slices import Slices

STEPS = 5


class Turns:
    """The turns of a loop, as far as anybody wants one."""

    def __init__(self) -> None:
        self._wanted: list[Callable[[], None]] = []

    def call_later(self, _delay_s: float, call: Callable[[], None]) -> Handle:
        """Call something in the next turn."""
        self._wanted.append(call)
        return cast("Handle", SimpleNamespace(cancel=self._wanted.clear))

    def next(self) -> None:
        """Let the next one come."""
        wanted, self._wanted = self._wanted, []
        for call in wanted:
            call()


def work(done: list[int], steps: int) -> Iterator[None]:
    """Do a number of steps."""
    for _ in range(steps):
        done.append(len(done))
        yield


@given(sizes=st.lists(st.integers(0, 4 * STEPS), min_size=1, max_size=5))
def test_works_are_done_one_after_the_other_some_steps_a_turn(sizes: list[int]) -> None:
    turns, done = Turns(), list[int]()
    slices = Slices(steps_a_turn=STEPS, call_later=turns.call_later)
    for size in sizes:
        slices.add(work(done, size))
    while not slices.is_idle:
        before = len(done)
        turns.next()
        assert len(done) - before <= STEPS
    assert done == list(range(sum(sizes)))


def test_small_work_is_done_at_once() -> None:
    turns, done = Turns(), list[int]()
    slices = Slices(steps_a_turn=STEPS, call_later=turns.call_later)
    slices.add(work(done, STEPS - 1))
    assert len(done) == STEPS - 1
    assert slices.is_idle


def test_work_that_fails_keeps_no_other_from_being_done() -> None:
    def fail() -> Iterator[None]:
        yield
        raise RuntimeError

    turns, done = Turns(), list[int]()
    slices = Slices(steps_a_turn=STEPS, call_later=turns.call_later)
    with pytest.raises(RuntimeError):
        slices.add(fail())
    slices.add(work(done, 2 * STEPS))
    while not slices.is_idle:
        turns.next()
    assert len(done) == 2 * STEPS


def test_nothing_is_done_after_the_end() -> None:
    turns, done = Turns(), list[int]()
    slices = Slices(steps_a_turn=STEPS, call_later=turns.call_later)
    slices.add(work(done, 3 * STEPS))
    slices.close()
    turns.next()
    assert len(done) == STEPS
