"""The report of a run: what was measured, the goals, the errors, and how the generator itself was."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from loadtest.measures.goals import Judged, Measured, Verdict, judge_goals, judge_run
from loadtest.measures.sound import Sound
from loadtest.measures.watched import Watched


class Row(msgspec.Struct, frozen=True):
    """One measure."""

    name: str
    count: int
    errors: int
    p50_ms: float
    p90_ms: float
    p95_ms: float
    p99_ms: float
    max_ms: float
    per_second: float


class Fault(msgspec.Struct, frozen=True):
    """One kind of error."""

    name: str
    error: str
    count: int


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """All of a run."""

    scenario: str
    about: str
    api: str
    users: int
    seconds: float
    rows: list[Row]
    faults: list[Fault]
    generator: Watched
    limit_per_second: float
    """Deliveries that one core of the generator can take in a second, as measured before the run."""
    sound: Sound = msgspec.field(default_factory=Sound)
    """The frames of voice, in runs that have some."""

    @property
    def judged(self) -> list[Judged]:
        """The goals of which something was measured."""
        return judge_goals(
            {row.name: Measured(row.count, row.p50_ms, row.p99_ms) for row in self.rows if row.count > row.errors}
        )

    @property
    def verdict(self) -> Verdict:
        """The outcome."""
        errors = sum(fault.count for fault in self.faults)
        return judge_run(self.judged, errors=errors, is_generator_the_bottleneck=self.generator.is_bottleneck)


def round_duration(took_ms: float) -> float:
    """Round to what percentiles are made of: three digits, and tenths at best. Locust's own two hide small changes."""
    for bound_ms, digits in ((100, 1), (1000, 0), (10_000, -1)):
        if took_ms < bound_ms:
            return round(took_ms, digits)
    return round(took_ms, -2)


def read_rows(stats: Any) -> list[Row]:
    """Read locust's statistics."""
    return [
        Row(
            name=name,
            count=entry.num_requests,
            errors=entry.num_failures,
            p50_ms=entry.get_response_time_percentile(0.5),
            p90_ms=entry.get_response_time_percentile(0.9),
            p95_ms=entry.get_response_time_percentile(0.95),
            p99_ms=entry.get_response_time_percentile(0.99),
            max_ms=round(entry.max_response_time, 1),
            per_second=round(entry.total_rps, 2),
        )
        for (name, _), entry in sorted(stats.entries.items())
    ]


def read_faults(stats: Any) -> list[Fault]:
    """Read locust's errors, the most frequent first."""
    faults = [Fault(error.name, str(error.error), error.occurrences) for error in stats.errors.values()]
    return sorted(faults, key=lambda fault: -fault.count)


def read_crashes(exceptions: Iterable[Any]) -> list[Fault]:
    """Read locust's notes of what has gone wrong in the users themselves, and was left half done."""
    return [Fault("a user", row["msg"], row["count"]) for row in exceptions]


def find_silence(sound: Sound) -> list[Fault]:
    """Return the fault of a run in which people spoke and nobody heard them, which no gap shows."""
    is_silent = sound.sent and not sound.received
    return [Fault("voice", "nothing that was said came to anybody", sound.sent)] if is_silent else []


def encode_report(report: Report) -> bytes:
    """Encode as JSON, with the verdict and the goals."""
    goals = [
        {
            "measure": judged.goal.measure,
            "about": judged.goal.about,
            "p50_ms": judged.measured.p50_ms,
            "goal_p50_ms": judged.goal.p50_ms,
            "p99_ms": judged.measured.p99_ms,
            "goal_p99_ms": judged.goal.p99_ms,
            "met": judged.is_met,
        }
        for judged in report.judged
    ]
    generator = {**msgspec.to_builtins(report.generator), "is_bottleneck": report.generator.is_bottleneck}
    whole = {
        "verdict": report.verdict.name.lower(),
        **msgspec.to_builtins(report),
        "goals": goals,
        "generator": generator,
        "sound": {**msgspec.to_builtins(report.sound), "loss": report.sound.loss},
    }
    return msgspec.json.format(msgspec.json.encode(whole), indent=1)


def write_file(folder: Path, name: str, content: bytes) -> Path:
    """Write a file of the report and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_bytes(content)
    return path
