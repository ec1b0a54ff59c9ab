"""The servers that a cluster uses, as `cluster.json` names them: their addresses from the settings, and the process ids
of those that run on this machine.

The supervisor asks every second, so most answers come from memory: a process that was found is only asked whether it
lives. The system is searched again when it does not, and now and then in any case (`shardctl.listeners`).
"""

import os
from collections.abc import Callable, Iterator
from typing import Final
from urllib.parse import urlsplit

import msgspec

from core.runtime.settings.settings import Settings
from shardctl.cluster_file import Entry
from shardctl.listeners import find_listener, list_listening

_PORTS: Final = {"redis": 6379, "postgres": 5432}
_WEB_PORTS: Final = {"http": 80, "https": 443}
_LOCAL: Final = frozenset({"127.0.0.1", "::1", "localhost"})
_SEARCH_S: Final = 2.0
"""The time between looks for a server whose process is not known, so that the file is true soon after its start."""
_RENEWAL_S: Final = 30.0
"""The time after which a process that lives is looked at again, since it may no longer listen."""


class _Found(msgspec.Struct):
    """What was found at a port: the sockets that listen there, and the process that has one, if it can be seen."""

    sockets: frozenset[str]
    pid: int | None
    looked_s: float


class Servers:
    """The servers that the settings name, and the processes that were theirs at the last look."""

    __slots__ = ("_found", "_now_s", "_settings")

    def __init__(self, settings: Settings, *, now_s: Callable[[], float]) -> None:
        """`now_s` is a monotonic clock."""
        self._settings = settings
        self._now_s = now_s
        self._found: dict[int, _Found] = {}
        """By port."""

    def list_entries(self) -> Iterator[Entry]:
        """List the servers as they are now. One on another machine, or of another user, has no process id."""
        settings = self._settings
        for role, url in (("redis", settings.redis.url), ("postgres", settings.postgres.url)):
            parts = urlsplit(url)
            yield self._describe(role, role, parts.hostname or "", parts.port or _PORTS[role])
        for number, host in enumerate(settings.cassandra.contact_points, 1):
            name = "cassandra" if number == 1 else f"cassandra-{number}"
            yield self._describe("cassandra", name, host, settings.cassandra.port)
        endpoint = settings.files.s3_endpoint if settings.files.s3_bucket else ""
        for role, url in (("s3", endpoint), ("opensearch", settings.search.url)):
            if url:
                parts = urlsplit(url)
                port = parts.port or _WEB_PORTS[parts.scheme]
                yield self._describe(role, role, parts.hostname or "", port)

    def _describe(self, role: str, name: str, host: str, port: int) -> Entry:
        pid = self._find_pid(port) if host in _LOCAL else None
        return Entry(role=role, name=name, pid=pid, state="foreign", addresses={role: f"{host}:{port}"})

    def _find_pid(self, port: int) -> int | None:
        now_s, found = self._now_s(), self._found.get(port)
        if found is not None and now_s - found.looked_s < _find_pause_s(found):
            return found.pid
        sockets = list_listening(port)
        if found is not None and found.sockets == sockets and (found.pid is None or _lives(found.pid)):
            # The same sockets have the same process, or the one that could not be seen before.
            found.looked_s = now_s
            return found.pid
        self._found[port] = _Found(sockets, find_listener(sockets), now_s)
        return self._found[port].pid


def _find_pause_s(found: _Found) -> float:
    if found.pid is None:
        return _SEARCH_S
    return _RENEWAL_S if _lives(found.pid) else 0.0


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
