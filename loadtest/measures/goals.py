"""The latency goals, and the verdict on a run.

Goals bound the median and the 99th percentile of what users measure themselves. A goal of which nothing was measured
says nothing. When the generator was the bottleneck its own lateness is in all figures: goals that are met then are met
all the more, and of those that are missed nobody knows.
"""

import enum
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec


class Goal(msgspec.Struct, frozen=True):
    """One goal. `measure` is the name under which users measure it."""

    measure: str
    about: str
    p50_ms: float
    p99_ms: float


GOALS: Final = (
    Goal("send", "from the request of a message to its stored answer", 200, 500),
    Goal("delivered", "from the request of a message to its arrival at a listener", 300, 800),
    Goal("history", "the newest 50 messages of a channel", 100, 300),
    Goal("presence", "from a change of a status to its arrival at a listener", 500, 2000),
    Goal("voice", "from the sending of a frame of sound to its arrival at a listener", 30, 50),
    Goal("voice join", "from the command to the gateway to the key of the voice gateway", 1000, 3000),
)
"""The goals at the planned load. On one machine they are upper bounds to stay far below."""


class Measured(msgspec.Struct, frozen=True):
    """What all users have measured under one name."""

    count: int
    p50_ms: float
    p99_ms: float


class Judged(msgspec.Struct, frozen=True):
    """A goal beside what was measured."""

    goal: Goal
    measured: Measured

    @property
    def is_met(self) -> bool:
        """Return whether both percentiles are within the goal."""
        return self.measured.p50_ms <= self.goal.p50_ms and self.measured.p99_ms <= self.goal.p99_ms


class Verdict(enum.Enum):
    """The outcome of a run. The value is the exit status."""

    PASSED = 0
    FAILED = 1
    """There were errors, goals were missed, or nothing was measured."""
    UNDECIDED = 3
    """Goals were missed while the generator was the bottleneck."""


def judge_goals(measured: Mapping[str, Measured]) -> list[Judged]:
    """Return those goals of which something was measured."""
    return [Judged(goal, measured[goal.measure]) for goal in GOALS if goal.measure in measured]


def judge_run(judged: Sequence[Judged], *, errors: int, is_generator_the_bottleneck: bool) -> Verdict:
    """Return the verdict."""
    if errors or not judged:
        return Verdict.FAILED
    if all(each.is_met for each in judged):
        return Verdict.PASSED
    return Verdict.UNDECIDED if is_generator_the_bottleneck else Verdict.FAILED
