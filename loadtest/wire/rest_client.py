"""The REST API over connections that all users of a process share.

Requests of thousands of users would otherwise open as many connections, and the server closes idle ones after seconds.
The client tells how each request ended, and decides nothing: neither what an error is nor whether to try again.
"""

import time
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
from gevent import ssl as gevent_ssl
from geventhttpclient import HTTPClient

_TIMEOUT_S: Final = 60.0
_MOST_CONNECTIONS: Final = 500
"""Half of what a server allows one address."""
_WAIT_S: Final = 1.0
NO_ANSWER: Final = 0
"""The status of a request without an answer."""


class _Wait(msgspec.Struct, frozen=True):
    retry_after: float = _WAIT_S


class Answer(msgspec.Struct, frozen=True):
    """What came of a request."""

    status: int
    body: bytes
    took_ms: float
    error: str = ""
    """Why there is no answer."""

    @property
    def is_good(self) -> bool:
        """Return whether the status is 2xx."""
        return 200 <= self.status < 300

    @property
    def retry_after_s(self) -> float:
        """The time that the server asks to wait for; a second when it names none, as a proxy may."""
        try:
            return msgspec.json.decode(self.body, type=_Wait).retry_after
        except msgspec.DecodeError:
            return _WAIT_S

    def read(self) -> Any:
        """Read the JSON of the body. Raises DecodeError."""
        return msgspec.json.decode(self.body)

    def describe(self) -> str:
        """Tell what went wrong, for a report."""
        return self.error or f"{self.status} {self.body[:200].decode(errors='replace')}"


class RestClient:
    """A server's API."""

    __slots__ = ("_http",)

    def __init__(self, api: str, *, verifies: bool = True) -> None:
        """`api` is the server's address without a path."""
        parts = urlsplit(api)
        is_secure = parts.scheme == "https"
        options: dict[str, Any] = {}
        if is_secure:
            options["ssl_context_factory"] = gevent_ssl.create_default_context
            options["insecure"] = not verifies
        self._http = HTTPClient(
            parts.hostname or "",
            parts.port or (443 if is_secure else 80),
            ssl=is_secure,
            concurrency=_MOST_CONNECTIONS,
            connection_timeout=_TIMEOUT_S,
            network_timeout=_TIMEOUT_S,
            **options,
        )

    def call(
        self, method: str, path: str, body: Any = None, *, token: str = "", content_type: str = "application/json"
    ) -> Answer:
        """Send a request. `body` is encoded as JSON, unless it is bytes."""
        data = b"" if body is None else body if isinstance(body, bytes) else msgspec.json.encode(body)
        headers = {"Content-Type": content_type} if data else {}
        if token:
            headers["Authorization"] = token
        began = time.monotonic()
        try:
            response = self._http.request(method, f"/api/v10{path}", body=data, headers=headers)
            came = bytes(response.read())
            status = int(response.status_code)
        except Exception as error:
            return Answer(NO_ANSWER, b"", (time.monotonic() - began) * 1000, f"{type(error).__name__}: {error}")
        return Answer(status, came, (time.monotonic() - began) * 1000)
