"""Turns of sending, and the time that an event takes."""

from collections.abc import Callable

import pytest

from core_ext.delivery import Outlet, Track
from gateway.payloads.compression import Compression
from gateway.payloads.dispatch_body import DispatchBody
from gateway.payloads.encodings import Encoding
from gateway.payloads.wire_formats import WireFormats
from gateway.scheduling.sending import FLUSH_TRACKS, Sending
from tests.fakes.clock import FakeClock


class Link:
    """A link that counts its writes, and fails on demand."""

    def __init__(self) -> None:
        self.writes = 0
        self.is_broken = False

    def write(self, data: bytes) -> None:
        self.writes += 1
        if self.is_broken:
            raise RuntimeError(f"{len(data)} bytes lost")

    def get_write_buffer_size(self) -> int:
        return 0


class Bench:
    """A queue with its turns, and sessions to send to."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.calls: list[Callable[[], None]] = []
        self.samples_s: list[float] = []
        self.sending = Sending(
            clock=self.clock, call_later=lambda _, call: self.calls.append(call), observe=self.samples_s.append
        )
        self.wire_format = WireFormats().find(Encoding.JSON, Compression.NONE)
        self.body = DispatchBody("E", b"{}")

    def make_pair(self) -> tuple[Track, Link]:
        """Make a track, with the link of its outlet."""
        link, track = Link(), Track(max_events=10, max_bytes=1000)
        track.attach(Outlet(queue=self.sending.queue, wire_format=self.wire_format, link=link))
        return track, link

    def turn(self) -> None:
        """Run one turn of the loop, which takes 1 s."""
        self.clock.advance(1)
        calls, self.calls = self.calls, []
        for call in calls:
            call()

    def apply(self, *tracks: Track) -> bool:
        """Push an event to these tracks. Return whether it is timed."""
        is_timed = self.sending.begin()
        for track in tracks:
            track.push(self.body)
        if is_timed:
            self.sending.end()
        return is_timed


def test_event_is_timed_until_its_last_recipient_is_sent_to() -> None:
    bench = Bench()
    pairs = [bench.make_pair() for _ in range(FLUSH_TRACKS + 1)]
    assert bench.apply(*(track for track, _ in pairs))
    bench.turn()
    assert bench.samples_s == []
    bench.turn()
    assert bench.samples_s == [2.0]
    assert {link.writes for _, link in pairs} == {1}
    assert bench.calls == []


def test_one_event_is_timed_at_a_time() -> None:
    bench = Bench()
    (one, _), (other, _) = bench.make_pair(), bench.make_pair()
    assert bench.apply(one)
    assert not bench.apply(other)
    bench.turn()
    assert bench.samples_s == [1.0]
    assert bench.apply(other)
    bench.turn()
    assert bench.samples_s == [1.0, 1.0]


def test_event_whose_recipients_wait_already_is_timed_too() -> None:
    bench = Bench()
    track, _ = bench.make_pair()
    track.push(bench.body)
    assert bench.apply(track)
    bench.turn()
    assert bench.samples_s == [1.0]


def test_event_for_nobody_is_no_sample() -> None:
    bench = Bench()
    assert bench.apply()
    assert bench.apply()
    bench.turn()
    assert bench.samples_s == []


def test_dispatch_that_cannot_be_sent_holds_up_no_other(caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench()
    (broken, broken_link), (whole, link) = bench.make_pair(), bench.make_pair()
    broken_link.is_broken = True
    bench.apply(broken, whole)
    bench.turn()
    assert link.writes == 0
    bench.turn()
    assert link.writes == 1
    assert bench.samples_s == [2.0]
    assert [record.message for record in caplog.records] == ["a dispatch could not be sent"]


def test_who_follows_an_event_is_told_when_its_recipients_are_served() -> None:
    bench = Bench()
    told: list[str] = []
    bench.sending.when_sent(lambda: told.append("nobody"))
    assert told == ["nobody"]
    pairs = [bench.make_pair() for _ in range(FLUSH_TRACKS + 1)]
    bench.apply(*(track for track, _ in pairs[:1]))
    bench.sending.when_sent(lambda: told.append("one"))
    bench.apply(*(track for track, _ in pairs[1:]))
    bench.sending.when_sent(lambda: told.append("all"))
    bench.turn()
    assert told == ["nobody", "one"]
    bench.turn()
    assert told == ["nobody", "one", "all"]
