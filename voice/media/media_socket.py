"""The node's one UDP socket, on the event loop: the plain path, in which Python sees each datagram.

Owns the reading and writing of a socket that is given. When the kernel's buffer for sending is full, a datagram is
dropped and counted: voice that waits is worth nothing.
"""

import asyncio
import contextlib
import socket
from collections.abc import Callable
from typing import Final

from voice.media.peer import Address
from voice.media.tally import Tally

_BATCH: Final = 64
"""Datagrams that are read in one turn of the loop, so that WebSockets are not kept waiting."""
_LONGEST_BYTES: Final = 2048
"""More than a network carries in one piece. Longer ones are cut, and then not authentic."""
_BUFFER_BYTES: Final = 4 * 1024 * 1024
"""What the kernel holds while Python does something else: 100 ms of 40,000 packets a second."""


class MediaSocket:
    """Reads datagrams from `start` to `stop`."""

    __slots__ = ("_sock", "_take", "_tally")

    def __init__(self, *, sock: socket.socket, tally: Tally) -> None:
        """`sock` is bound and does not block; the caller closes it."""
        self._sock = sock
        self._tally = tally
        self._take: Callable[[bytes, Address], None]
        for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            with contextlib.suppress(OSError):  # the kernel gives what it gives
                sock.setsockopt(socket.SOL_SOCKET, option, _BUFFER_BYTES)

    def start(self, take: Callable[[bytes, Address], None]) -> None:
        """Hand over each datagram from now on."""
        self._take = take
        asyncio.get_running_loop().add_reader(self._sock.fileno(), self._read)

    def stop(self) -> None:
        """Read no more."""
        asyncio.get_running_loop().remove_reader(self._sock.fileno())

    def send(self, datagram: bytes, address: Address) -> None:
        """Send a datagram now, or drop it."""
        try:
            self._sock.sendto(datagram, address)
        except OSError as error:
            self._tally.drop("full" if isinstance(error, BlockingIOError) else "unreachable")

    def _read(self) -> None:
        for _ in range(_BATCH):
            try:
                datagram, address = self._sock.recvfrom(_LONGEST_BYTES)
            except BlockingIOError:
                return
            except OSError:  # what an earlier datagram has met on its way
                continue
            self._take(datagram, address)
