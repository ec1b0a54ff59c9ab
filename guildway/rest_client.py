"""A small REST client for `guildway demo`, `guildway admin` and `guildway health`. It uses the stdlib alone, since the
server needs no HTTP client library.

A client has one connection and one caller. It waits out rate limits as the server asks.
"""

import http.client
import json
import socket
import ssl
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlsplit

from typing_extensions import override

from core.runtime.unix_sockets import find_path

_TIMEOUT_S: Final = 30.0
_LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")
_ATTEMPTS: Final = 20
"""Only rate limits are retried. Twenty waits outlast every window of the default settings."""


class DemoError(Exception):
    """The server cannot be reached or did not do as asked. The text is for the person at the terminal."""


class NoServerError(DemoError):
    """The connection to the server failed."""


class ApiError(DemoError):
    """The server's answer is an error."""

    def __init__(self, method: str, path: str, status: int, body: Any) -> None:
        super().__init__(f"{method} {path} was answered {status}: {json.dumps(body)[:500]}")
        self.status = status
        self.body = body


class _UnixConnection(http.client.HTTPConnection):
    """A connection by a Unix socket."""

    def __init__(self, path: Path, *, timeout_s: float) -> None:
        super().__init__("localhost", timeout=timeout_s)
        self._path = path

    @override
    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def make_connection(url: str, *, timeout_s: float) -> http.client.HTTPConnection:
    """Make a connection to the server at `url`, which has no path, or is `unix:` with the path of a socket. The
    connection is not open yet.

    Raises:
        DemoError: when `url` is no address.
    """
    path = find_path(url)
    if path is not None:
        return _UnixConnection(path, timeout_s=timeout_s)
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host = None
    if host is None or parts.scheme not in ("http", "https") or parts.path not in ("", "/"):
        raise DemoError(f"no address of a server: {url!r}; write it like http://127.0.0.1:8080")
    if parts.scheme == "http":
        return http.client.HTTPConnection(host, port, timeout=timeout_s)
    # Nobody stands between a process and its own machine, whose loopback address no certificate names.
    context = ssl._create_unverified_context() if host in _LOOPBACK else None  # noqa: S323
    return http.client.HTTPSConnection(host, port, timeout=timeout_s, context=context)


class RestClient:
    """A connection to a server's API v10, or to what stands beside it."""

    __slots__ = ("_connection", "_prefix", "_url")

    def __init__(self, url: str, *, prefix: str = "/api/v10") -> None:
        """`url` is the server's address without a path, http or https; `prefix` begins the paths of requests."""
        self._prefix = prefix
        self._connection = make_connection(url, timeout_s=_TIMEOUT_S)
        self._url = url

    def request(self, method: str, path: str, body: Any = None, *, token: str = "", reason: str = "") -> Any:
        """Send a request, and return the decoded answer (None without a body). `reason` is for the log.

        Raises:
            ApiError: for an error status.
            DemoError: when the server cannot be reached, or is no Guildway server.
        """
        for _ in range(_ATTEMPTS):
            status, answer = self._exchange(
                method, path, body, {"Authorization": token, "X-Audit-Log-Reason": quote(reason)}
            )
            if status != 429:
                break
            time.sleep(float(answer.get("retry_after", 1)))
        if status >= 400:
            raise ApiError(method, path, status, answer)
        return answer

    def _exchange(self, method: str, path: str, body: Any, given: Mapping[str, str]) -> tuple[int, Any]:
        headers = {name: value for name, value in given.items() if value}
        if body is not None:
            headers["Content-Type"] = "application/json"
        payload = json.dumps(body) if body is not None else None
        try:
            self._connection.request(method, f"{self._prefix}{path}", payload, headers)
            response = self._connection.getresponse()
            data = response.read()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise NoServerError(f"no server answers at {self._url} ({error})") from error
        try:
            return response.status, json.loads(data) if data else None
        except ValueError as error:
            raise DemoError(f"{self._url} is no Guildway server: {method} {path} was not answered with JSON") from error

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()
