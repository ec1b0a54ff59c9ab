"""The sockets that may stay when there is no room for more."""

from typing import Any

from core.runtime.metrics.metrics import Metrics
from core.runtime.settings.settings import GatewaySettings
from gateway.scheduling.sending import Sending
from gateway.transport.admission import Admission
from gateway.transport.surroundings import Surroundings
from tests.fakes.clock import FakeClock
from tests.fakes.timers import FakeTimers

ROOM = 20


def build() -> Admission:
    nobody: Any = None
    clock = FakeClock()
    call_later = FakeTimers(clock).call_later
    return Admission(
        settings=GatewaySettings(),
        clock=clock,
        call_later=call_later,
        handler=nobody,
        metrics=Metrics(),
        sending=Sending(clock=clock, call_later=call_later, observe=lambda _: None),
        surroundings=Surroundings(max_sockets=ROOM),
    )


def test_flood_of_one_address_leaves_places_to_those_who_ask_how_the_process_is() -> None:
    admission = build()
    stayed = [admission.add_socket("203.0.113.1") for _ in range(ROOM + 30)]
    assert stayed.count(True) == ROOM + 8
    for kept in stayed:
        if not kept:
            admission.remove_socket("203.0.113.1")
    assert [admission.add_socket("198.51.100.1") for _ in range(5)] == [True, True, True, True, False]


def test_places_past_the_bound_are_few_for_everybody() -> None:
    admission = build()
    stayed = [admission.add_socket(f"198.51.100.{number}") for number in range(ROOM + 30)]
    assert stayed.count(True) == ROOM + 16
