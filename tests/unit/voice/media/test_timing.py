"""Every 32nd datagram is measured, and all are handed on."""

from tests.fakes.clock import FakeClock
from voice.media.peer import Address
from voice.media.tally import Tally
from voice.media.timing import TimedTake


def test_every_thirty_second_datagram_is_measured() -> None:
    clock, tally, taken = FakeClock(), Tally(), []

    def take(datagram: bytes, _address: Address) -> None:
        taken.append(datagram)
        clock.advance(0.5)

    timed = TimedTake(take, tally=tally, now_s=clock.monotonic_s)
    for number in range(70):
        timed.take(bytes([number]), ("192.0.2.1", 5))
    assert taken == [bytes([number]) for number in range(70)]
    assert (tally.read().measured, tally.read().measured_s) == (2, 1.0)
