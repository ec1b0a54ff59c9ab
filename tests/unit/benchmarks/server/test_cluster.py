"""The benchmark of a cluster tells who did not keep up, and sums up what was offered to several addresses."""

import pytest

from benchmarks.harness.load.load_client import Waits
from benchmarks.harness.load.offer import Offered
from benchmarks.server.cluster import _tabulate_cpu
from benchmarks.server.even_load import judge, sum_up


@pytest.mark.parametrize(
    ("queued", "own_p99_ms", "verdict"),
    [
        (0.0, 0.1, "yes"),
        (0.5, 0.1, "no: server"),
        (0.0, 80.0, "no: offering program"),
        (0.5, 80.0, "no: server, offering program"),
    ],
)
def test_verdict_names_who_was_late(queued: float, own_p99_ms: float, verdict: str) -> None:
    assert judge(queued=queued, own_p99_ms=own_p99_ms) == verdict


def test_sample_has_the_worst_waits_and_all_messages() -> None:
    quick = Offered(count=100, took_s=1.0, waits=Waits(1, 2, 9), queued=0, own_p99_ms=0.1)
    slow = Offered(count=100, took_s=2.0, waits=Waits(3, 4, 5), queued=50, own_p99_ms=7.0)
    sample = sum_up(200, [quick, slow], Waits(1, 1, 1), 2000, {"api-1": 0.02, "redis": 0.004})
    assert (sample.answered, sample.send, sample.queued, sample.own_p99_ms) == (100, Waits(3, 4, 9), 0.25, 7.0)
    assert sample.cpu_us == {"api-1": pytest.approx(100), "redis": pytest.approx(20)}


def test_processor_time_has_a_row_for_each_process_and_one_for_all() -> None:
    offered = [Offered(count=1000, took_s=1.0, waits=Waits(1, 2, 9), queued=0, own_p99_ms=0.1)]
    sample = sum_up(1000, offered, Waits(1, 1, 1), 2000, {"api-1": 0.02, "redis": 0.004})
    table = _tabulate_cpu({"cluster": [sample]}, {"cluster": {"api-1": 2.0, "redis": 3.0}})
    assert [(row["process"], row["idle"], round(row["1000"])) for row in table.rows] == [
        ("api-1", 2.0, 20),
        ("redis", 3.0, 4),
        ("all", 5.0, 24),
    ]
