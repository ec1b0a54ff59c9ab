"""The datagrams that wait at a UDP socket: the plain code, which takes them one by one."""

import socket
from typing import Any, Final

BATCH: Final = 64
"""Datagrams that are read at once, so that whoever reads can do something else in between."""
LONGEST_BYTES: Final = 2048
"""More than a network carries in one piece. Longer ones are cut."""


class Arrivals:
    """Reads a socket, which does not block and stays its owner's."""

    __slots__ = ("_sock",)

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock

    def read(self) -> list[tuple[bytes, Any]]:
        """Return up to BATCH datagrams, each with the address that it has come from, as the socket's module writes it.

        Errors of datagrams that were sent earlier are passed over.
        """
        taken = []
        for _ in range(BATCH):
            try:
                taken.append(self._sock.recvfrom(LONGEST_BYTES))
            except BlockingIOError:
                break
            except OSError:
                continue
        return taken
