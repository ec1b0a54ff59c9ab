"""The access log: a line of JSON for each request to the API, in a file of its own, when the settings name one.

    {"time": "…", "method": "POST", "route": "/api/v10/channels/{channel_id}/messages", "status": 200,
     "duration_ms": 3.1, "user_id": "…", "trace_id": "…"}

A line has the route as it is declared and never the address that was asked, which may hold tokens; no header and no
body either. Several processes may have one file, as each line is one write at its end. A file that was moved away is
made anew, so that `logrotate` needs to tell nobody. A line that cannot be written is lost, and the log of the process
says so: no request fails for it.
"""

import contextlib
import datetime as dt
import json
import logging
import os
from collections.abc import Iterator
from typing import Final

from core.runtime.errors import StartError

logger = logging.getLogger(__name__)

_MS: Final = 1000.0
_OWNER_ALONE: Final = 0o600


class AccessLog:
    """Writes the lines of a process."""

    __slots__ = ("_descriptor", "_identity", "_path")

    def __init__(self, path: str) -> None:
        """Raises OSError when the file cannot be opened."""
        self._path = path
        self._open()

    def write(
        self,
        *,
        at_ms: int,
        method: str,
        route: str,
        status: int,
        duration_s: float,
        user_id: int | None,
        staff_id: int | None,
        trace_id: str,
    ) -> None:
        """Write a line. Absent ids and an empty trace are left out."""
        line: dict[str, object] = {
            "time": dt.datetime.fromtimestamp(at_ms / _MS, dt.UTC).isoformat(timespec="milliseconds"),
            "method": method,
            "route": route,
            "status": status,
            "duration_ms": round(duration_s * _MS, 2),
        }
        ids = {"user_id": user_id, "staff_id": staff_id}
        line |= {name: str(value) for name, value in ids.items() if value is not None}
        if trace_id:
            line["trace_id"] = trace_id
        try:
            self._follow()
            os.write(self._descriptor, json.dumps(line).encode() + b"\n")
        except OSError as error:
            logger.warning("the access log cannot be written", extra={"reason": error.strerror})

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)

    def _open(self) -> None:
        self._descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, _OWNER_ALONE)
        self._identity = _identify(os.fstat(self._descriptor))

    def _follow(self) -> None:
        """Open the file anew when it is no longer in its place."""
        try:
            is_there = _identify(os.stat(self._path)) == self._identity  # noqa: PTH116 - one call of the system
        except FileNotFoundError:
            is_there = False
        if not is_there:
            former = self._descriptor
            self._open()
            os.close(former)


def _identify(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


@contextlib.contextmanager
def open_access_log(path: str) -> Iterator[AccessLog | None]:
    """Open the file of the settings; None when they name none. Raises StartError when it cannot be opened."""
    if not path:
        yield None
        return
    try:
        log = AccessLog(path)
    except OSError as error:
        raise StartError(f"the access log {path} (logging.access_file) cannot be opened: {error.strerror}") from error
    with contextlib.closing(log):
        yield log
