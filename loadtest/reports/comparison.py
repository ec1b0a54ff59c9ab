"""Two runs of one scenario, side by side: what is the same server's everyday difference, and what is more.

Medians are compared, as a few slow requests do not move them. A measure of which there is little in a run is shown, and
is no reason to call the runs unlike: chance moves its median.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from loadtest.reports.report import Report, Row

BOUND: Final = 0.15
"""By how much medians of like runs differ at most, as a part of the lower one."""
_LEAST_COUNT: Final = 100
_RESOLUTION_MS: Final = 0.1
"""Reports have tenths of a millisecond: a difference of one may be rounding."""


class UnlikeRunsError(ValueError):
    """The runs did not do the same, so their figures say nothing of each other."""


class Compared(msgspec.Struct, frozen=True):
    """One measure in two runs."""

    name: str
    first: Row
    second: Row

    @property
    def difference(self) -> float:
        """By how much the medians differ, as a part of the lower one; 0 within the reports' resolution."""
        low, high = sorted((self.first.p50_ms, self.second.p50_ms))
        if high - low < _RESOLUTION_MS * 1.5:  # tenths are not exact in floats
            return 0.0
        return (high - low) / max(low, _RESOLUTION_MS)

    @property
    def is_counted(self) -> bool:
        """Whether there is enough of it in both runs."""
        return min(row.count - row.errors for row in (self.first, self.second)) >= _LEAST_COUNT


def compare(first: Report, second: Report) -> list[Compared]:
    """Return the measures that both runs have. Raises UnlikeRunsError."""
    if (first.scenario, first.users) != (second.scenario, second.users):
        raise UnlikeRunsError(
            f"these are runs of {first.scenario} with {first.users} users and of {second.scenario} with {second.users}"
        )
    of_second = {row.name: row for row in second.rows}
    return [Compared(row.name, row, of_second[row.name]) for row in first.rows if row.name in of_second]


def are_alike(compared: Sequence[Compared], bound: float = BOUND) -> bool:
    """Whether something was counted, and each median of it differs by less than the bound."""
    counted = [each for each in compared if each.is_counted]
    return bool(counted) and all(each.difference < bound for each in counted)


def describe_comparison(compared: Sequence[Compared], bound: float = BOUND) -> list[str]:
    """Return the lines for a terminal."""
    lines = [
        f"{each.name:24} p50 {each.first.p50_ms:8.1f} and {each.second.p50_ms:8.1f} ms   {each.difference:7.1%}   "
        f"p99 {each.first.p99_ms:8.1f} and {each.second.p99_ms:8.1f} ms   {_judge(each, bound)}"
        for each in compared
    ]
    verdict = f"alike: each p50 differs by less than {bound:.0%}"
    if not are_alike(compared, bound):
        counted = any(each.is_counted for each in compared)
        verdict = f"unlike: a p50 differs by {bound:.0%} or more" if counted else "undecided: there is too little"
    return [*lines, verdict]


def _judge(each: Compared, bound: float) -> str:
    if not each.is_counted:
        return f"too few ({each.first.count:,} and {each.second.count:,})"
    return "alike" if each.difference < bound else "UNLIKE"
