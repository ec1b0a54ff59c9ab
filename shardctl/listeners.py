"""The processes behind listening TCP sockets of this machine, as far as Linux shows them to this user (/proc)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

_LISTENS: Final = "0A"
"""The state of a listening socket in /proc/net/tcp (Linux, include/net/tcp_states.h)."""
_TABLES: Final = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))


def list_listening(port: int) -> frozenset[str]:
    """Return the sockets that listen on a port, as the links in /proc name them."""
    return frozenset(f"socket:[{inode}]" for table in _TABLES for inode in _list_inodes(table, port))


def find_listener(sockets: frozenset[str]) -> int | None:
    """Return the id of a process that has one of the sockets, None when there is none that this user may see.

    A server with several processes on one socket (PostgreSQL) has the oldest one's, which is their parent. The search
    goes through the open files of all processes.
    """
    if not sockets:
        return None
    processes = sorted(int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())
    return next((pid for pid in processes if _has_socket(pid, sockets)), None)


def _list_inodes(table: Path, port: int) -> Iterator[str]:
    try:
        with table.open() as lines:
            next(lines)
            for line in lines:
                fields = line.split()
                if fields[3] != _LISTENS:
                    return  # The kernel lists those that listen first, and there may be thousands of others.
                if int(fields[1].rpartition(":")[2], 16) == port:
                    yield fields[9]
    except OSError:
        return


def _has_socket(pid: int, sockets: frozenset[str]) -> bool:
    try:
        return any(str(link.readlink()) in sockets for link in Path(f"/proc/{pid}/fd").iterdir())
    except OSError:  # it has ended, or is not ours
        return False
