"""The load of a worker between two looks."""

from guildway.processes.worker_load import LoadMeter
from tests.fakes.clock import FakeClock


def test_load_is_that_since_the_last_look() -> None:
    clock = FakeClock()
    events = [100]
    meter = LoadMeter(clock=clock, count_events=lambda: events[0])
    meter.count_sessions_by(lambda: 7)
    events[0] = 130
    clock.advance(2)
    load = meter.measure()
    assert (load.sessions, load.events_per_s) == (7, 15.0)
    assert 0 <= load.cpu < 4
    clock.advance(2)
    assert meter.measure().events_per_s == 0
