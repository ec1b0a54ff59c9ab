"""Listening sockets, bound first, so that port 0 is resolved and a taken port is reported before the rest starts."""

import contextlib
import errno
import itertools
import os
import socket
from typing import Final, Protocol

from core.runtime.errors import StartError
from core.runtime.unix_sockets import UNIX, bind_unix_socket, find_path

BACKLOG: Final = 4096
"""The backlog. A restart brings every client back within seconds; the kernel caps this with net.core.somaxconn."""

_LASTING_PORTS: Final = range(10_081, 32_768)
"""Ports that neither Linux nor the BSDs give to whoever asks for any: one of those could be a connection's own when the
process starts that it was found for. Browsers and Node ask no server at 10080, a "bad port" of the Fetch standard, and
there is none in these.
"""
_PROCESSES: Final = 64
_TRIES: Final = 100
_turns: Final = itertools.cycle(reversed(_LASTING_PORTS[os.getpid() % _PROCESSES :: _PROCESSES]))
"""Those of this process, one after another: none is found a second time before it can be used, and processes that look
at the same time look at different ones. `deploy.services` begins at the other end.
"""

_LOOPBACK: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - "every address", as reached from this machine


class ListenerSettings(Protocol):
    """The section of the settings that says where a listener is."""

    @property
    def host(self) -> str:
        """An address, or `unix:` with a path."""

    @property
    def port(self) -> int:
        """The port of an address."""

    @property
    def socket_mode(self) -> str:
        """The permissions of a Unix socket's file, in octal digits."""


def open_listener(settings: ListenerSettings) -> socket.socket:
    """Bind a listening socket, of TCP or a Unix socket, which does not block. The caller owns it.

    Raises:
        StartError: when somebody else has the place, or it cannot be used.
    """
    path = find_path(settings.host)
    if path is None:
        return bind_socket(settings.host, settings.port)
    return bind_unix_socket(path, mode=int(settings.socket_mode, 8), backlog=BACKLOG)


def bind_socket(host: str, port: int) -> socket.socket:
    """Bind a listening TCP socket, which does not block. The caller owns it.

    Raises:
        StartError: when the address is taken, not of this machine, or none at all.
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


def bind_datagram_socket(host: str, port: int) -> socket.socket:
    """Bind a UDP socket, which does not block. The caller owns it.

    Raises:
        StartError: when the address is taken, not of this machine, or none at all.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
    except OSError as error:
        raise StartError(f"cannot take datagrams on {host}: {error.strerror}") from error
    sock = socket.socket(family, kind, protocol)
    try:
        sock.bind(address)
    except OSError as error:
        sock.close()
        reason = "another process has that port" if error.errno == errno.EADDRINUSE else error.strerror
        raise StartError(f"cannot take datagrams on {host}:{port} (UDP): {reason}") from error
    sock.settimeout(0)
    return sock


def find_free_port(host: str) -> int:
    """Return a port that nobody listens on now, for a process that is started later. Raises StartError."""
    with bind_socket(host, 0) as sock:
        port: int = sock.getsockname()[1]
    for lasting in itertools.islice(_turns, _TRIES):
        with contextlib.suppress(StartError), bind_socket(host, lasting):
            return lasting
    return port


def find_bound_place(sock: socket.socket) -> tuple[str, int]:
    """Return host and port of a bound socket; of a Unix socket `unix:` with its path, and 0."""
    bound = sock.getsockname()
    return (f"{UNIX}{bound}", 0) if sock.family == socket.AF_UNIX else (str(bound[0]), int(bound[1]))


def local_authority(sock: socket.socket) -> str:
    """Return `host:port` by which a client on this machine reaches the socket, or `unix:` with a path."""
    host, port = find_bound_place(sock)
    return host if host.startswith(UNIX) else format_authority(host, port)


def format_authority(host: str, port: int) -> str:
    """Return `host:port` by which a client on this machine reaches a listener."""
    host = _LOOPBACK.get(host, host)
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def parse_authority(authority: str) -> tuple[str, int]:
    """Return host and port of what `format_authority` has written.

    Raises:
        ValueError: when it is not of that form.
    """
    host, _, port = authority.rpartition(":")
    return host.removeprefix("[").removesuffix("]"), int(port)
