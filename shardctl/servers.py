"""The servers that a cluster uses, as `cluster.json` names them: their addresses from the settings, and the process ids
of those that run on this machine.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from core.runtime.settings.settings import Settings
from shardctl.cluster_file import Entry

_LISTENS: Final = "0A"
"""The state of a listening socket in /proc/net/tcp (Linux, include/net/tcp_states.h)."""
_PORTS: Final = {"redis": 6379, "postgres": 5432}
_LOCAL: Final = frozenset({"127.0.0.1", "::1", "localhost"})


class Servers:
    """The servers that the settings name, and the processes that were theirs at the last look."""

    __slots__ = ("_pids", "_settings")

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._pids: dict[int, int | None] = {}
        """By port. A search goes through the open files of all processes, which is much for each second."""

    def list_entries(self) -> Iterator[Entry]:
        """List the servers as they are now. One on another machine, or of another user, has no process id."""
        settings = self._settings
        for role, url in (("redis", settings.redis.url), ("postgres", settings.postgres.url)):
            parts = urlsplit(url)
            yield self._describe(role, role, parts.hostname or "", parts.port or _PORTS[role])
        for number, host in enumerate(settings.cassandra.contact_points, 1):
            name = "cassandra" if number == 1 else f"cassandra-{number}"
            yield self._describe("cassandra", name, host, settings.cassandra.port)

    def _describe(self, role: str, name: str, host: str, port: int) -> Entry:
        pid = None
        if host in _LOCAL:
            pid = self._pids[port] = find_listener(port, known=self._pids.get(port))
        return Entry(role=role, name=name, pid=pid, state="foreign", addresses={role: f"{host}:{port}"})


def find_listener(port: int, *, known: int | None = None) -> int | None:
    """Return the id of a process that listens on a TCP port of this machine, as far as Linux shows it to this user.

    A server with several processes on one socket (PostgreSQL) has the oldest one's, which is their parent. `known` is
    the answer when that process still listens, without a search.
    """
    sockets = {f"socket:[{inode}]" for inode in _list_inodes(port)}
    if not sockets:
        return None
    if known is not None and _has_socket(known, sockets):
        return known
    processes = sorted(int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())
    return next((pid for pid in processes if _has_socket(pid, sockets)), None)


def _list_inodes(port: int) -> Iterator[str]:
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        try:
            lines = table.read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            if fields[3] == _LISTENS and int(fields[1].rpartition(":")[2], 16) == port:
                yield fields[9]


def _has_socket(pid: int, sockets: set[str]) -> bool:
    try:
        return any(str(link.readlink()) in sockets for link in Path(f"/proc/{pid}/fd").iterdir())
    except OSError:  # it has ended, or is not ours
        return False
