"""The probes on the API's own port: `/health` (the process lives) and `/ready` (it can do its work).

They are answered before the application, so that no limit, blocked address or fault of the application comes between.
"""

import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

Application = Callable[[Any, Any, Any], Awaitable[None]]

HEALTH: Final = "/health"
READY: Final = "/ready"
RETRY_AFTER: Final = b"5"
"""The seconds in `Retry-After`; a disk is not cleared faster."""

METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
"""The methods of probes. HAProxy uses OPTIONS by default, and reads the status."""

_HEADERS: Final = (
    (b"content-type", b"application/json"),
    (b"access-control-allow-origin", b"*"),
    (b"allow", b"GET, HEAD, OPTIONS"),
)


def build_probes(
    *,
    app: Application,
    find_fault: Callable[[], Awaitable[str | None]],
    list_impairments: Callable[[], Sequence[str]] = tuple,
) -> Application:
    """Put the two paths before the application.

    `find_fault` returns the fault, None when all is well; `list_impairments` what is wrong besides, after a look.
    """

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["path"] not in (HEALTH, READY):
            await app(scope, receive, send)
        elif scope["method"] not in METHODS:
            await _send(send, 405, {"message": "405: Method Not Allowed", "code": 0})
        elif scope["path"] == HEALTH:
            await _send(send, 200, {"status": "ok"})
        elif (fault := await find_fault()) is None:
            impairments = list(list_impairments())
            await _send(send, 200, {"status": "ready", **({"impaired": impairments} if impairments else {})})
        else:
            await _send(send, 503, {"status": "not ready", "reason": fault}, (b"retry-after", RETRY_AFTER))

    return answer


async def _send(send: Any, status: int, body: dict[str, object], *headers: tuple[bytes, bytes]) -> None:
    encoded = json.dumps(body).encode()
    length = (b"content-length", b"%d" % len(encoded))
    await send({"type": "http.response.start", "status": status, "headers": [*_HEADERS, length, *headers]})
    await send({"type": "http.response.body", "body": encoded})
