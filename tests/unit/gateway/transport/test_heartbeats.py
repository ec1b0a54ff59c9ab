"""The watch ends overdue connections in time and no others, and checks each one seldom."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.transport.heartbeats import HeartbeatWatch


class FakeConnection:
    """A connection with a deadline that can be moved."""

    def __init__(self, deadline_s: float) -> None:
        self.is_open = True
        self.looks = 0
        self._deadline_s = deadline_s
        self.expired = False

    @property
    def deadline_s(self) -> float:
        self.looks += 1
        return self._deadline_s

    def beat(self, deadline_s: float) -> None:
        self._deadline_s = deadline_s

    def expire(self) -> None:
        self.expired = True
        self.is_open = False


def test_sweep_ends_what_is_overdue_and_nothing_else() -> None:
    watch = HeartbeatWatch(1.0, 100.0)
    early, late = FakeConnection(105.0), FakeConnection(110.0)
    watch.add(early)
    watch.add(late)
    watch.sweep(104.9)
    assert not early.expired
    watch.sweep(106.0)
    assert early.expired
    assert not late.expired
    assert len(watch) == 1


def test_sweep_moves_what_was_heard_of_to_its_new_deadline() -> None:
    watch = HeartbeatWatch(1.0, 0.0)
    connection = FakeConnection(10.0)
    watch.add(connection)
    connection.beat(25.0)
    watch.sweep(24.0)
    assert not connection.expired
    watch.sweep(26.0)
    assert connection.expired


def test_sweep_lets_closed_connections_go() -> None:
    watch = HeartbeatWatch(1.0, 0.0)
    connection = FakeConnection(5.0)
    watch.add(connection)
    connection.is_open = False
    watch.sweep(6.0)
    assert not connection.expired
    assert len(watch) == 0


def test_sweep_after_a_long_pause_ends_everything_overdue() -> None:
    watch = HeartbeatWatch(0.5, 0.0)
    connections = [FakeConnection(float(second)) for second in range(1, 60)]
    for connection in connections:
        watch.add(connection)
    watch.sweep(1000.0)
    assert all(connection.expired for connection in connections)


def test_add_with_a_deadline_in_the_past_is_ended_at_the_next_tick() -> None:
    watch = HeartbeatWatch(1.0, 100.0)
    connection = FakeConnection(3.0)
    watch.add(connection)
    watch.sweep(101.0)
    assert connection.expired


def test_sweep_looks_at_each_connection_about_once_in_a_timeout() -> None:
    watch = HeartbeatWatch(1.0, 0.0)
    connection = FakeConnection(60.0)
    watch.add(connection)
    for second in range(1, 600):
        connection.beat(second + 60.0)
        watch.sweep(float(second))
    assert not connection.expired
    assert connection.looks < 35


@given(
    deadlines=st.lists(st.floats(0.0, 50.0), max_size=20),
    steps=st.lists(st.floats(0.01, 5.0), min_size=1, max_size=30),
    tick_s=st.floats(0.05, 2.0),
)
def test_sweep_is_never_early_and_late_by_a_tick_at_most(
    deadlines: list[float], steps: list[float], tick_s: float
) -> None:
    watch = HeartbeatWatch(tick_s, 0.0)
    connections = [FakeConnection(deadline_s) for deadline_s in deadlines]
    for connection in connections:
        watch.add(connection)
    now_s = 0.0
    for step_s in steps:
        now_s += step_s
        watch.sweep(now_s)
        for connection, deadline_s in zip(connections, deadlines, strict=True):
            if deadline_s > now_s:
                assert not connection.expired
            if deadline_s + 2 * tick_s < now_s:
                assert connection.expired
