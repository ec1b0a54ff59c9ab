"""The scripts of what is true just now: limits, the gate, and leases of jobs."""

from tests.contract.redis.script_backends import ScriptBackend
from tests.contract.redis.script_logs import NOW_MS, RUN, TAG, Logs


def test_limit_counts_in_a_window_that_begins_with_the_first_take(backend: ScriptBackend) -> None:
    take = lambda: backend.run("limit_take", TAG, RUN, "x", 2, 60_000)  # noqa: E731
    look = lambda: backend.run("limit_look", TAG, RUN, "x", 2, 60_000)  # noqa: E731
    assert look() == [1, 2, 60_000]
    assert [take()[:2] for _ in range(3)] == [[1, 1], [1, 0], [0, 0]]
    assert look()[:2] == [0, 0]
    backend.advance(40)
    assert take()[0] == 0
    assert 0 < take()[2] <= 20_000
    backend.advance(20.5)
    assert take()[:2] == [1, 1]


def test_count_that_was_given_back_leaves_the_window_as_it_is(backend: ScriptBackend) -> None:
    take = lambda: backend.run("limit_take", TAG, RUN, "x", 1, 60_000)  # noqa: E731
    give_back = lambda: backend.run("limit_give_back", TAG, RUN, "x")  # noqa: E731
    assert give_back() == 0
    take()
    assert [give_back(), give_back()] == [1, 0]
    backend.advance(40)
    assert take()[:2] == [1, 0]
    assert 0 < take()[2] <= 20_000


def test_gate_counts_and_tells_the_counters(logs: Logs) -> None:
    backend, base = logs.backend, NOW_MS * 1000
    gate = lambda limit: backend.run("gate", TAG, RUN, "user", limit, 1000_000)  # noqa: E731
    assert gate(1)[:2] == [1, 0]
    backend.run("log_relay", TAG, RUN, 1, "", b"a")
    backend.run("log_append", TAG, RUN, b"b")
    answer = gate(1)
    assert (answer[0], answer[1], answer[3:]) == (0, 0, [base + 2, base + 1])
    assert gate(0) == [1, 0, 0, base + 2, base + 1]


def test_job_is_one_holders_at_a_time_and_each_term_has_a_larger_epoch(backend: ScriptBackend) -> None:
    take = lambda holder, now_ms=NOW_MS: backend.run("job_take", TAG, RUN, "sweep", holder, 3000, now_ms)  # noqa: E731
    assert backend.run("job_look", TAG, RUN, "sweep") == b""
    assert take("a") == [b"OK", NOW_MS]
    assert backend.run("job_look", TAG, RUN, "sweep") == b"a"
    assert take("a", NOW_MS + 1) == [b"OK", NOW_MS]
    word, left_ms = take("b")
    assert (word, 0 < left_ms <= 3000) == (b"HELD", True)
    backend.advance(3.5)
    assert take("b") == [b"OK", NOW_MS + 1]
    assert backend.run("job_release", TAG, RUN, "sweep", "a") == 0
    assert backend.run("job_release", TAG, RUN, "sweep", "b") == 1
    assert take("a", NOW_MS + 90) == [b"OK", NOW_MS + 90]
