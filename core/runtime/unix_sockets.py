"""Listening Unix sockets: files by which processes of one machine, such as a proxy, reach a listener.

A listener's host may be `unix:/run/guildway/api.sock` in place of an address; the port then means nothing. The file of
a process that died without removing it is replaced. One that somebody listens at, or that is no socket, stays.

The module owns the file from its binding to the close of its socket.
"""

import contextlib
import os
import socket
import stat
import sys
from pathlib import Path
from typing import Final

from typing_extensions import override

from core.runtime.errors import StartError

UNIX: Final = "unix:"
"""The beginning of a host that is a Unix socket, and the whole address of every client that comes by one."""

_MOST_BYTES: Final = 107 if sys.platform == "linux" else 103
"""The bytes of a path that fit the kernel's `sockaddr_un`, without its NUL."""


def find_path(host: str) -> Path | None:
    """Return the path of a host that is a Unix socket; None for an address."""
    return Path(host.removeprefix(UNIX)) if host.startswith(UNIX) else None


def check_path_of_socket(path: str) -> None:
    """Check a path that a Unix socket can have. Raises ValueError."""
    if not path.startswith("/") or "\0" in path:
        raise ValueError("the path of a Unix socket begins with /, as in unix:/run/guildway/api.sock")
    if len(os.fsencode(path)) > _MOST_BYTES:
        raise ValueError(f"the path of a Unix socket has at most {_MOST_BYTES} bytes")


def find_obstacle(path: Path) -> str | None:
    """Return why no listener can have this path; None when nothing is there, or only the socket of a dead process."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return None if path.parent.is_dir() else "its folder is not there"
    except OSError as error:
        return error.strerror
    if not stat.S_ISSOCK(mode):
        return "there is a file that is no socket"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
        asking.settimeout(0)
        try:
            asking.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            return None
        except BlockingIOError:  # so many wait there already
            pass
        except OSError as error:
            return error.strerror
    return "another process listens there"


class UnixListener(socket.socket):
    """A listening Unix socket, which removes its file when it is closed.

    It is a socket itself, because whoever gets a listening socket closes it, and the event loop is one of them.
    """

    __slots__ = ("_identity", "_path")

    def __init__(self, path: Path, *, mode: int, backlog: int) -> None:
        """Listen at a path where nothing is. Raises OSError."""
        super().__init__(socket.AF_UNIX, socket.SOCK_STREAM)
        self._path = path
        self._identity: tuple[int, int] | None = None
        try:
            self.bind(str(path))
            self._identity = _identify(path)
            path.chmod(mode)
            self.listen(backlog)  # until now nobody could connect, whatever the mode was
        except OSError:
            self.close()
            raise
        self.settimeout(0)

    @override
    def close(self) -> None:
        """Remove the file, unless another process has put its own there, and close the socket. Safe to call twice."""
        identity, self._identity = self._identity, None
        with contextlib.suppress(OSError):
            if identity is not None and _identify(self._path) == identity:
                self._path.unlink()
        super().close()


def bind_unix_socket(path: Path, *, mode: int, backlog: int) -> socket.socket:
    """Bind a listening Unix socket, which does not block. The caller owns it; its file goes when it is closed.

    `mode` has the permissions of the file: to connect takes the right to write.

    Raises:
        StartError: when another process listens there, a file is in the way, or the folder cannot be used.
    """
    obstacle = find_obstacle(path)
    if obstacle is not None:
        raise StartError(f"cannot listen on {UNIX}{path}: {obstacle}")
    try:
        path.unlink(missing_ok=True)
        return UnixListener(path, mode=mode, backlog=backlog)
    except OSError as error:
        raise StartError(f"cannot listen on {UNIX}{path}: {error.strerror or error}") from error


def _identify(path: Path) -> tuple[int, int]:
    found = path.lstat()
    return found.st_dev, found.st_ino
