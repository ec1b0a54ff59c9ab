"""The time that datagrams take in the node: every 32nd is measured, since a clock costs as much as a look-up."""

from collections.abc import Callable
from typing import Final

from voice.media.peer import Address
from voice.media.tally import Tally

_EVERY: Final = 32

Take = Callable[[bytes, Address], None]


class TimedTake:
    """Hands datagrams on, and measures some of them."""

    __slots__ = ("_left", "_now_s", "_take", "_tally")

    def __init__(self, take: Take, *, tally: Tally, now_s: Callable[[], float]) -> None:
        """`now_s` is a monotonic clock in seconds."""
        self._take = take
        self._tally = tally
        self._now_s = now_s
        self._left = _EVERY

    def take(self, datagram: bytes, address: Address) -> None:
        """Hand a datagram on."""
        self._left -= 1
        if self._left:
            self._take(datagram, address)
            return
        self._left = _EVERY
        began_s = self._now_s()
        self._take(datagram, address)
        self._tally.measured_s += self._now_s() - began_s
        self._tally.measured += 1
