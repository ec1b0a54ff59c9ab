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
from collections.abc import Callable
from typing import Final

from core_ext.media import Arrivals, Departures
from voice.media.peer import Address
from voice.media.tally import Tally

_BUFFER_BYTES: Final = 4 * 1024 * 1024
"""What the kernel holds while Python does something else: 100 ms of 40,000 packets a second."""


class MediaSocket:
    """Reads datagrams from `start` to `stop`. What departs between two reads is sent at once."""

    __slots__ = ("_arrivals", "_sock", "_take", "departures")

    def __init__(self, *, sock: socket.socket, tally: Tally) -> None:
        """`sock` is bound and does not block; the caller closes it."""
        self._sock = sock
        self._arrivals = Arrivals(sock)
        self._take: Callable[[bytes, Address], None] | None = None
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

    def read(self, take: Callable[[bytes, Address], None]) -> None:
        """Hand over the datagrams that wait, a batch of them at most, so that WebSockets are not kept waiting."""
        self.departures.hold()
        try:
            for datagram, address in self._arrivals.read():
                take(datagram, address)
        finally:
            self.departures.release()
