"""One stream of a sender: its packets are numbered on for the others, and counted for the reports to the sender.

A receiver's keys and buffers go by numbers that only grow. A sender may begin anew, with another SSRC or other numbers;
the others then see the next number, and a timestamp that has gone on as time has. Numbers that are near are kept, so
that what is lost or overtaken on the way stays so. A number is given to one packet alone, whatever its sender does: the
keys of receivers go by it, and must not encrypt two packets with the same (RFC 7714 section 9). The numbers here do not
go round at 2¹⁶; whoever writes them does that. Pure, no clock.
"""

import bisect
from collections import deque
from typing import Final

import msgspec

from core_ext.media.told_losses import LEAST, WINDOW, ToldLosses

_FIRST_NUMBER: Final = 0x1000
"""Not 0, so that a packet which overtakes the first one has a number too."""
_HALF: Final = 0x8000
_SEQUENCES: Final = 0x10000
_TIMESTAMPS: Final = 1 << 32
_MOST_AHEAD: Final = 3000
"""A longer gap is a new beginning (RFC 3550 appendix A.1, MAX_DROPOUT)."""
_MOST_BEHIND: Final = 600
"""Packets that may be overtaken or sent again: what rings keep, and a little more."""
_MOST_MISSING: Final = 2 * _MOST_BEHIND
"""Numbers that are remembered as missing before the old ones among them are forgotten."""
_LATELY_S: Final = 10.0
"""Somewhat longer than browsers report on a stream of which nothing comes any more."""
_MOST_LOST: Final = (1 << 23) - 1
_JITTER_PARTS: Final = 16
"""Each packet counts one sixteenth (RFC 3550 section 6.4.1)."""


class Reception(msgspec.Struct, frozen=True):
    """What a sender is told of one stream (RFC 3550 section 6.4.1)."""

    ssrc: int
    fraction_lost: int
    lost: int
    highest: int
    jitter: int
    last_report: int
    since_last_report: int


class SenderClock(msgspec.Struct, frozen=True):
    """A sender's own times: what its clock showed at a timestamp, and when that came."""

    ntp: int
    timestamp: int
    came_s: float


class Quality:
    """How well a stream comes, over its whole life: the worst loss, and the time to the sender and back."""

    __slots__ = ("_first", "_has_peak", "_last", "_peak", "_received", "_rtt_s", "_rtts", "told")

    def __init__(self) -> None:
        self._peak, self._has_peak = 0.0, False
        self._first = self._last = 0
        self._received = 0
        self._rtt_s, self._rtts = 0.0, 0
        self.told = ToldLosses()
        """What its sender has lost of what it was sent. It is that of a client's voice which is told."""

    def begin(self, sequence: int) -> None:
        """Begin to count: the stream begins (anew) with this packet."""
        self._close()
        self._first = self._last = sequence
        self._received = 0

    def note(self, sequence: int) -> None:
        """Count a packet."""
        self._received += 1
        self._last = max(self._last, sequence)
        if self._last - self._first + 1 >= WINDOW:
            self.begin(self._last + 1)

    def note_rtt(self, seconds: float) -> None:
        """Count a time to the sender and back."""
        self._rtt_s += seconds
        self._rtts += 1

    @property
    def peak_loss(self) -> float | None:
        """The greatest part of packets that were lost in a window, None when too few have come."""
        self._close()
        return self._peak if self._has_peak else None

    @property
    def rtts(self) -> tuple[float, int]:
        """The sum of all times to the sender and back, in seconds, and their number."""
        return self._rtt_s, self._rtts

    def _close(self) -> None:
        expected = self._last - self._first + 1
        if self._received and expected >= LEAST:
            self._has_peak = True
            self._peak = max(self._peak, 1 - min(self._received / expected, 1.0))


class Stream:
    """A stream, from its first packet on."""

    __slots__ = (
        "_clock", "_expected_before", "_first", "_has_transit", "_highest", "_is_broken_off", "_jitter", "_last_s",
        "_last_timestamp", "_left_out", "_lowest", "_missing", "_offset", "_received", "_received_before", "_shift",
        "_transit", "bytes_kept", "bytes_passed", "clock_rate", "packets_passed", "quality", "source",
    )  # fmt: skip

    def __init__(self, clock_rate: int) -> None:
        self.clock_rate = clock_rate
        self.source: int | None = None
        """The sender's SSRC, None before its first packet."""
        self.packets_passed = self.bytes_passed = 0
        self.bytes_kept = 0
        """What was kept back while others were louder."""
        self.quality = Quality()
        self._offset = self._shift = 0
        """What is added to the sender's sequence numbers and timestamps."""
        self._left_out: deque[int] = deque(maxlen=_MOST_BEHIND)
        """The sender's numbers of packets that were left out, each of which has made the offset one less."""
        self._missing: set[int] = set()
        """The sender's numbers of packets that others have overtaken."""
        self._lowest: int | None = None
        """The lowest of its first numbers, below which there may be more; None from the next beginning on."""
        self._first = self._highest = 0
        self._last_s, self._last_timestamp = 0.0, 0
        self._is_broken_off = False
        self._received = self._received_before = self._expected_before = 0
        self._transit, self._has_transit = 0.0, False
        self._jitter = 0.0
        self._clock: SenderClock | None = None

    def take(self, ssrc: int, sequence: int, timestamp: int, now_s: float) -> tuple[int, int] | None:
        """Count a packet; return its sequence number and timestamp for the others, None when one with its number has
        come before.
        """
        ahead = self._find_ahead(sequence)
        if self.source is None:
            self._begin(ssrc, sequence, _FIRST_NUMBER, 0)
            self._lowest = sequence
            ahead = 0
        elif ssrc != self.source or self._is_broken_off or not -_MOST_BEHIND < ahead < _MOST_AHEAD:
            self._begin_anew(ssrc, sequence, timestamp, now_s)
            ahead = 0
        elif ahead > 1:
            self._note_gap(ahead)
        elif ahead <= 0 and not self._fills_gap(self._highest + ahead):
            return None
        self._received += 1
        number = self._highest + ahead
        self.quality.note(number)
        if ahead >= 0:
            self._measure_jitter(timestamp, now_s)
            self._highest, self._last_s, self._last_timestamp = number, now_s, timestamp
        return number + self._offset_at(number), (timestamp + self._shift) % _TIMESTAMPS

    def pass_on(
        self, ssrc: int, sequence: int, timestamp: int, size_bytes: int, now_s: float
    ) -> tuple[int, int] | None:
        """Count a packet with so much content, and that it is passed on; return what `take` does."""
        taken = self.take(ssrc, sequence, timestamp, now_s)
        if taken is not None:
            self.packets_passed += 1
            self.bytes_passed += size_bytes
        return taken

    def leave_out(self, ssrc: int, sequence: int) -> bool:
        """Count a packet that the others do not need, and number on as if it had never been; return whether it is left
        out. One that is late is not: the others wait for its number already.
        """
        ahead = self._find_ahead(sequence)
        if ssrc != self.source or self._is_broken_off or not 0 < ahead < _MOST_AHEAD:
            return False
        if ahead > 1:
            self._note_gap(ahead)
        self._received += 1
        self._highest += ahead
        self.quality.note(self._highest)
        self._offset -= 1
        self._left_out.append(self._highest)
        return True

    def was_passed_on(self, now_s: float) -> bool:
        """Return whether a packet of it was passed on of late."""
        return self.source is not None and now_s - self._last_s <= _LATELY_S

    def find_sequence(self, number: int) -> int:
        """Return the sender's own sequence number of a packet."""
        offset = self._offset
        while (found := self._offset_at(number - offset)) != offset:
            offset = found
        return (number - offset) % _SEQUENCES

    def _find_ahead(self, sequence: int) -> int:
        """Return how far a packet is ahead of the newest one, by the way that is shorter."""
        return (sequence - self._highest + _HALF) % _SEQUENCES - _HALF

    def _note_gap(self, ahead: int) -> None:
        """Note that the packets up to the one that is so far ahead are missing."""
        oldest, number = self._highest + 1, self._highest + ahead
        if len(self._missing) > _MOST_MISSING:
            self._missing = {missing for missing in self._missing if missing > number - _MOST_BEHIND}
        self._missing.update(range(max(oldest, number - _MOST_BEHIND), number))

    def _fills_gap(self, number: int) -> bool:
        """Return whether a packet that is not the newest has come for the first time, and that it has come now."""
        if self._lowest is not None and number < self._lowest:
            self._missing.update(range(number + 1, self._lowest))
            self._lowest = number
            return True
        if number not in self._missing:
            return False
        self._missing.remove(number)
        return True

    def _offset_at(self, sequence: int) -> int:
        """Return what was added before the packets behind it were left out."""
        left_out = self._left_out
        if not left_out or sequence > left_out[-1]:
            return self._offset
        return self._offset + len(left_out) - bisect.bisect_left(left_out, sequence)

    def break_off(self) -> None:
        """Note that a packet is kept back on purpose: what comes next is a new beginning, and nothing is missing."""
        self._is_broken_off = True

    def keep_back(self, size_bytes: int) -> None:
        """Note that a packet with so much content is kept back since others are louder."""
        self.break_off()
        self.bytes_kept += size_bytes

    def note_clock(self, ntp: int, timestamp: int, now_s: float) -> None:
        """Take a sender's report of its own times."""
        self._clock = SenderClock(ntp, timestamp, now_s)

    def tell_timestamp(self, now_s: float) -> int | None:
        """Return the timestamp, as the others see them, of this moment; None before the first packet.

        It goes by the sender's clock where it has told that, and by its last packet otherwise.
        """
        if self.source is None:
            return None
        told = self._clock
        at, came_s = (self._last_timestamp, self._last_s) if told is None else (told.timestamp, told.came_s)
        return (at + self._shift + round((now_s - came_s) * self.clock_rate)) % _TIMESTAMPS

    def report(self, now_s: float) -> Reception | None:
        """Return what the sender is told, of the time since it was told last; None before its first packet."""
        if self.source is None:
            return None
        expected = self._highest - self._first + 1
        lost = max(expected - self._received, 0)
        expected_now, received_now = expected - self._expected_before, self._received - self._received_before
        self._expected_before, self._received_before = expected, self._received
        lost_now = expected_now - received_now
        clock = self._clock
        return Reception(
            ssrc=self.source,
            fraction_lost=min(256 * lost_now // expected_now, 255) if expected_now > 0 and lost_now > 0 else 0,
            lost=min(lost, _MOST_LOST),
            highest=self._highest % _TIMESTAMPS,
            jitter=round(self._jitter),
            last_report=0 if clock is None else clock.ntp >> 16 & 0xFFFFFFFF,
            since_last_report=0 if clock is None else round((now_s - clock.came_s) * 65536) & 0xFFFFFFFF,
        )

    def _begin(self, ssrc: int, sequence: int, number: int, shift: int) -> None:
        self.source = ssrc
        self._offset, self._shift = number - sequence, shift
        self._left_out.clear()
        self._missing.clear()
        self._lowest = None
        self._first = self._highest = sequence
        self.quality.begin(sequence)
        self._received = self._received_before = self._expected_before = 0
        self._has_transit, self._clock, self._is_broken_off = False, None, False

    def _begin_anew(self, ssrc: int, sequence: int, timestamp: int, now_s: float) -> None:
        passed = max(round((now_s - self._last_s) * self.clock_rate), 1)
        shift = self._last_timestamp + self._shift + passed - timestamp
        self._begin(ssrc, sequence, self._highest + self._offset + 1, shift)

    def _measure_jitter(self, timestamp: int, now_s: float) -> None:
        transit = now_s * self.clock_rate - timestamp
        if self._has_transit:
            difference = abs(transit - self._transit)
            if difference < self.clock_rate:  # else the timestamp has gone round, or the sender has paused
                self._jitter += (difference - self._jitter) / _JITTER_PARTS
        self._transit, self._has_transit = transit, True
