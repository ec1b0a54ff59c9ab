"""The file `cluster.json` in the data folder: every process and server of the cluster on this machine, kept current.

```json
{"cluster": [{"role": "api", "name": "api-1", "pid": 4711, "state": "ready",
              "addresses": {"api": "http://127.0.0.1:8080", "metrics": "http://127.0.0.1:40101"}}]}
```

Readers find the file whole at any time, since each version replaces the one before.
"""

from pathlib import Path
from typing import Final, Literal

import msgspec

FILE_NAME: Final = "cluster.json"

State = Literal["starting", "ready", "ended", "foreign"]
"""A `foreign` server is one that others run: it is used, but not watched."""


class Entry(msgspec.Struct, kw_only=True, frozen=True):
    """One process, or one server."""

    role: str
    """worker, api, voice, controller, supervisor, redis, postgres, cassandra, s3 or opensearch."""
    name: str
    pid: int | None
    """The process's id, None when it does not run, or runs elsewhere."""
    state: State
    addresses: dict[str, str]


class ClusterFile:
    """The writer of the file. Only the supervisor has one."""

    __slots__ = ("_entries", "_path", "_written")

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE_NAME
        self._entries: dict[str, Entry] = {}
        self._written = b""

    def put(self, *entries: Entry) -> None:
        """Add or replace entries by name, and write the file if anything has changed. Raises OSError."""
        for entry in entries:
            self._entries[entry.name] = entry
        encoded = msgspec.json.format(msgspec.json.encode({"cluster": list(self._entries.values())}))
        if encoded != self._written:
            scratch = self._path.with_suffix(".new")
            scratch.write_bytes(encoded)
            scratch.replace(self._path)
            self._written = encoded

    def remove(self) -> None:
        """Remove the file, since nothing runs any more."""
        self._path.unlink(missing_ok=True)
