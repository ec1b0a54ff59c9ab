"""Listening sockets, bound before anything is served: port 0 is resolved, and a taken port is told, before the rest
starts."""

import errno
import socket
from typing import Final

from core.runtime.errors import StartError

BACKLOG: Final = 4096
"""A restart brings every client back within a second or two; the kernel caps this with net.core.somaxconn."""

_LOOPBACK: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - where "every address" is reached from here


def bind_socket(host: str, port: int) -> socket.socket:
    """A listening TCP socket, not blocking. The caller owns it.

    Raises:
        StartError: when the address is taken, not ours, or no address at all.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        raise StartError(f"cannot listen on {host}: {error.strerror}") from error
    sock = socket.socket(family, kind, protocol)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address)
        sock.listen(BACKLOG)
    except OSError as error:
        sock.close()
        reason = "another process listens there" if error.errno == errno.EADDRINUSE else error.strerror
        raise StartError(f"cannot listen on {host}:{port}: {reason}") from error
    sock.settimeout(0)
    return sock


def local_authority(sock: socket.socket) -> str:
    """`host:port` by which a client on this machine reaches the socket."""
    return format_authority(*sock.getsockname()[:2])


def format_authority(host: str, port: int) -> str:
    """`host:port` by which a client on this machine reaches who listens there."""
    host = _LOOPBACK.get(host, host)
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
