"""The remedy for a closed log."""

import pytest

from core.bus.heads import Head
from core.bus.positions import position_of
from core.bus.remedy import Known, Remedy, find_remedy


def head(n: int, generation: int = 3, life: int = 7, *, is_open: bool = False) -> Head:
    return Head(is_open, generation, n, 0, life, 0, 0)


def known(n: int, kept_after: int = 0, generation: int = 3, life: int = 7) -> Known:
    return Known(position_of(generation, n), life, position_of(generation, kept_after))


@pytest.mark.parametrize(
    ("log", "keeper", "remedy"),
    [
        (head(10, is_open=True), known(99), Remedy.NONE),
        (head(10), known(10), Remedy.OPEN),
        (head(10), known(4), Remedy.OPEN),
        (head(10), known(11, kept_after=10), Remedy.APPEND),
        (head(10), known(15, kept_after=3), Remedy.APPEND),
        (head(10), known(15, kept_after=11), Remedy.REPLACE),
        (head(0, generation=0, life=0), known(15, kept_after=11), Remedy.REPLACE),
        (head(0, generation=0, life=0), known(0, life=0, generation=0), Remedy.BEGIN),
        (head(10), known(10, life=0), Remedy.BEGIN),
        (head(10), known(10, life=6), Remedy.BEGIN),
        (head(10), known(10, generation=2), Remedy.BEGIN),
    ],
)
def test_remedy_is_by_where_the_log_ends_and_what_the_keeper_remembers(
    log: Head, keeper: Known, remedy: Remedy
) -> None:
    assert find_remedy(log, keeper) is remedy
