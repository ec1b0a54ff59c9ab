"""The API's own port tells how the process is, too: `/health` (it lives) and `/ready` (it can do its work).

Stands before the application, so that no limit, no blocked address and no fault of the application comes between.
"""

import json
from collections.abc import Awaitable, Callable
from typing import Any, Final

Application = Callable[[Any, Any, Any], Awaitable[None]]

HEALTH: Final = "/health"
READY: Final = "/ready"
RETRY_AFTER: Final = b"5"
"""Seconds; a disk is not cleared faster."""

METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
"""HAProxy asks with OPTIONS unless it is told otherwise, and looks at the status."""

_HEADERS: Final = (
    (b"content-type", b"application/json"),
    (b"access-control-allow-origin", b"*"),
    (b"allow", b"GET, HEAD, OPTIONS"),
)


def build_probes(*, app: Application, find_fault: Callable[[], Awaitable[str | None]]) -> Application:
    """The application with the two paths before it. `find_fault` gives what is wrong, None when all is well."""

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["path"] not in (HEALTH, READY):
            await app(scope, receive, send)
        elif scope["method"] not in METHODS:
            await _send(send, 405, {"message": "405: Method Not Allowed", "code": 0})
        elif scope["path"] == HEALTH:
            await _send(send, 200, {"status": "ok"})
        elif (fault := await find_fault()) is None:
            await _send(send, 200, {"status": "ready"})
        else:
            await _send(send, 503, {"status": "not ready", "reason": fault}, (b"retry-after", RETRY_AFTER))

    return answer


async def _send(send: Any, status: int, body: dict[str, object], *headers: tuple[bytes, bytes]) -> None:
    encoded = json.dumps(body).encode()
    length = (b"content-length", b"%d" % len(encoded))
    await send({"type": "http.response.start", "status": status, "headers": [*_HEADERS, length, *headers]})
    await send({"type": "http.response.body", "body": encoded})
