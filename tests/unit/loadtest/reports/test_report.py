"""The report holds what was measured, in JSON, as a page and as lines."""

import json

import msgspec

from loadtest.measures.goals import Verdict
from loadtest.measures.sound import Sound
from loadtest.measures.watched import Watched, find_worst
from loadtest.reports.page import describe_run, make_page
from loadtest.reports.report import Fault, Report, Row, encode_report, find_silence, read_crashes

REPORT = Report(
    scenario="quiet",
    about="a <quiet> community",
    api="http://127.0.0.1:8080",
    users=9,
    seconds=10.0,
    rows=[
        Row("send", count=100, errors=0, p50_ms=3, p90_ms=5, p95_ms=9, p99_ms=12, max_ms=14.5, per_second=10),
        Row("delivered", count=900, errors=0, p50_ms=4, p90_ms=6, p95_ms=8, p99_ms=15, max_ms=19, per_second=90),
    ],
    faults=[],
    generator=Watched(late_p99_ms=1, late_max_ms=2, busy=0.2),
    limit_per_second=50_000,
)
SLOW = msgspec.structs.replace(REPORT, rows=[msgspec.structs.replace(REPORT.rows[0], p99_ms=501)])
BUSY = Watched(late_p99_ms=1, late_max_ms=2, busy=0.95)


def test_encode_report_tells_goals_and_verdict() -> None:
    told = json.loads(encode_report(REPORT))
    assert told["verdict"] == "passed"
    assert [(goal["measure"], goal["p99_ms"], goal["goal_p99_ms"], goal["met"]) for goal in told["goals"]] == [
        ("send", 12, 500, True),
        ("delivered", 15, 800, True),
    ]
    assert told["generator"]["is_bottleneck"] is False
    assert told["rows"][1]["count"] == 900


def test_verdict_says_whose_fault_a_missed_goal_is() -> None:
    late = Watched(late_p99_ms=30, late_max_ms=90, busy=0.1)
    assert SLOW.verdict is Verdict.FAILED
    assert msgspec.structs.replace(SLOW, generator=BUSY).verdict is Verdict.UNDECIDED
    assert msgspec.structs.replace(SLOW, generator=late).verdict is Verdict.UNDECIDED
    assert msgspec.structs.replace(REPORT, faults=[Fault("send", "503", 1)]).verdict is Verdict.FAILED


def test_find_worst_takes_the_worst_of_each() -> None:
    worst = find_worst([Watched(late_p99_ms=5, late_max_ms=9, busy=0.1), BUSY])
    assert worst == Watched(late_p99_ms=5, late_max_ms=9, busy=0.95)


def test_page_and_lines_say_what_went_wrong_and_escape_it() -> None:
    report = msgspec.structs.replace(SLOW, faults=[Fault("send", "503 <script>", 3)], generator=BUSY)
    page, lines = make_page(report), "\n".join(describe_run(report))
    assert "503 &lt;script&gt;" in page
    assert "<script>" not in page
    assert "a &lt;quiet&gt; community" in page
    assert "3 × send: 503 <script>" in lines
    assert "MISSED" in lines
    assert "It was the bottleneck" in lines
    assert "It was the bottleneck" not in "\n".join(describe_run(REPORT))


def test_report_of_voice_tells_its_loss_and_one_without_says_nothing_of_it() -> None:
    report = msgspec.structs.replace(REPORT, sound=Sound(sent=500, received=990, lost=10, repeated=1))
    told = json.loads(encode_report(report))
    assert told["sound"] == {"sent": 500, "received": 990, "lost": 10, "repeated": 1, "loss": 0.01}
    assert told["rows"][0]["p95_ms"] == 9
    sentence = "990 heard; 10 were lost on the way to a listener (1.000%)"
    assert sentence in make_page(report)
    assert sentence in "\n".join(describe_run(report))
    assert "frames of voice" not in make_page(REPORT) + "\n".join(describe_run(REPORT))


def test_voice_that_nobody_hears_is_a_fault() -> None:
    [fault] = find_silence(Sound(sent=500))
    assert (fault.name, fault.count) == ("voice", 500)
    assert find_silence(Sound()) == find_silence(Sound(sent=500, received=1)) == []


def test_users_that_broke_off_are_faults() -> None:
    [fault] = read_crashes([{"count": 3, "msg": "KeyError: 'id'", "traceback": "", "nodes": {"local"}}])
    assert (fault.name, fault.error, fault.count) == ("a user", "KeyError: 'id'", 3)
    assert msgspec.structs.replace(REPORT, faults=[fault]).verdict is Verdict.FAILED
