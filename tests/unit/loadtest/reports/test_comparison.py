"""Two reports are compared by their medians."""

from pathlib import Path

import msgspec
import pytest

from loadtest.measures.watched import Watched
from loadtest.reports.__main__ import main
from loadtest.reports.comparison import UnlikeRunsError, compare
from loadtest.reports.report import Report, Row, encode_report, round_duration


def make_row(name: str, p50_ms: float, count: int = 1000) -> Row:
    slow = p50_ms * 2
    return Row(name, count=count, errors=0, p50_ms=p50_ms, p90_ms=slow, p95_ms=slow, p99_ms=slow, max_ms=slow,
               per_second=1)  # fmt: skip


def make_report(*rows: Row, scenario: str = "mixed") -> Report:
    return Report(
        scenario=scenario,
        about="",
        api="http://127.0.0.1:8080",
        users=500,
        seconds=300.0,
        rows=list(rows),
        faults=[],
        generator=Watched(late_p99_ms=1, late_max_ms=2, busy=0.2),
        limit_per_second=50_000,
    )


def run(folder: Path, first: Report, second: Report, *flags: str) -> int:
    paths = [folder / name for name in ("first.json", "second.json")]
    for path, report in zip(paths, (first, second), strict=True):
        path.write_bytes(encode_report(report))
    return main([*map(str, paths), *flags])


@pytest.mark.parametrize(
    ("first_ms", "second_ms", "difference"), [(10, 12, 0.2), (12, 10, 0.2), (1.1, 1.2, 0), (0, 0, 0)]
)
def test_difference_is_a_part_of_the_lower_median(first_ms: float, second_ms: float, difference: float) -> None:
    [compared] = compare(make_report(make_row("send", first_ms)), make_report(make_row("send", second_ms)))
    assert compared.difference == pytest.approx(difference)


def test_runs_are_alike_when_each_median_is_within_the_bound(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = make_report(make_row("send", 20), make_row("history", 10))
    near, far = make_report(make_row("send", 22), make_row("history", 11)), make_report(make_row("send", 24))
    assert run(tmp_path, first, near) == 0
    assert "alike: each p50 differs by less than 15%" in capsys.readouterr().out
    assert run(tmp_path, first, far) == 1
    told = capsys.readouterr().out
    assert "20.0%" in told
    assert "UNLIKE" in told
    assert run(tmp_path, first, far, "--bound", "0.25") == 0


def test_measures_without_a_goal_can_be_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = (make_report(make_row("send", 20), make_row("login", ms)) for ms in (10, 90))
    assert run(tmp_path, first, second) == 1
    assert run(tmp_path, first, second, "--goals") == 0
    assert capsys.readouterr().out.count("login") == 1


def test_measure_with_little_in_it_is_shown_and_not_judged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = make_report(make_row("send", 20), make_row("upload", 10, count=5))
    second = make_report(make_row("send", 20), make_row("upload", 90, count=7))
    assert run(tmp_path, first, second) == 0
    assert "too few (5 and 7)" in capsys.readouterr().out
    few = make_report(first.rows[1])
    assert run(tmp_path, few, few) == 1
    assert "undecided" in capsys.readouterr().out


def test_runs_of_different_scenarios_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = make_report(), make_report(scenario="quiet")
    with pytest.raises(UnlikeRunsError, match="mixed with 500 users and of quiet"):
        compare(first, second)
    assert run(tmp_path, first, second) == 2
    assert main([str(tmp_path / "none.json"), str(tmp_path / "first.json")]) == 2
    (tmp_path / "other.json").write_bytes(msgspec.json.encode({"verdict": "passed"}))
    assert main([str(tmp_path / "other.json"), str(tmp_path / "first.json")]) == 2
    assert capsys.readouterr().err.count("loadtest: ") == 3


@pytest.mark.parametrize(
    ("took_ms", "kept_ms"), [(0.04, 0.0), (3.14159, 3.1), (99.96, 100.0), (147.4, 147), (3432.1, 3430), (58760, 58800)]
)
def test_durations_are_kept_with_three_digits(took_ms: float, kept_ms: float) -> None:
    assert round_duration(took_ms) == kept_ms
