"""The node's one UDP socket, on the event loop.

Owns the reading and writing of a socket that is given. Datagrams are read in batches, and all that a batch leads to is
sent at its end, in few calls of the kernel. When the kernel's buffer for sending is full, a datagram is dropped and
counted: voice that waits is worth nothing.

The event loop does all that is ready before it looks at the socket again. So whoever holds it for longer than a packet
takes, as the steps of a join do, calls `look` after each step.
"""

import asyncio
import contextlib
import socket
import time
from collections.abc import Callable
from typing import Final

from core_ext.media import Arrivals, Departures
from voice.media.peer import Address
from voice.media.tally import Tally

_BUFFER_BYTES: Final = 4 * 1024 * 1024
"""What the kernel holds while Python does something else: 100 ms of 40,000 packets a second."""
_EVERY: Final = 32
"""Of so many reads one is measured."""


class MediaSocket:
    """Reads datagrams from `start` to `stop`. What departs between two reads is sent at once."""

    __slots__ = ("_arrivals", "_left", "_sock", "_take", "_tally", "departures")

    def __init__(self, *, sock: socket.socket, tally: Tally) -> None:
        """`sock` is bound and does not block; the caller closes it."""
        self._sock = sock
        self._tally = tally
        self._arrivals = Arrivals(sock)
        self._take: Callable[[bytes, Address], None] | None = None
        self._left = _EVERY
        self.departures = Departures(sock, tally.drop)
        for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            with contextlib.suppress(OSError):  # the kernel gives what it gives
                sock.setsockopt(socket.SOL_SOCKET, option, _BUFFER_BYTES)

    def start(self, take: Callable[[bytes, Address], None]) -> None:
        """Hand over each datagram from now on."""
        self._take = take
        asyncio.get_running_loop().add_reader(self._sock.fileno(), self.read, take)

    def stop(self) -> None:
        """Read no more."""
        self._take = None
        asyncio.get_running_loop().remove_reader(self._sock.fileno())

    def look(self) -> None:
        """Hand over what waits now, a batch at most. It is for the end of a step, and not for what `take` does."""
        if self._take is not None:
            self.read(self._take)

    def read(self, take: Callable[[bytes, Address], None]) -> int:
        """Hand over the datagrams that wait, and return how many these are: a batch of them at most, so that WebSockets
        are not kept waiting.
        """
        self._left -= 1
        if not self._left:
            return self._measure(take)
        self.departures.hold()
        try:
            came = self._arrivals.read()
            for datagram, address in came:
                take(datagram, address)
        finally:
            self.departures.release()
        return len(came)

    def _measure(self, take: Callable[[bytes, Address], None]) -> int:
        self._left = _EVERY
        began_s = time.perf_counter()
        count = self.read(take)
        self._tally.measured_s += count * (time.perf_counter() - began_s)  # they leave at the end, all of them
        self._tally.measured += count
        return count
