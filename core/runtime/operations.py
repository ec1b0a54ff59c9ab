"""The paths for operators and their machines: /metrics, /health, /ready.

This is a raw ASGI application: three fixed answers need no framework, and they must come when other parts fail.
`/health` says that the event loop runs; `/ready` that the process can do its work (`core.runtime.readiness`).
"""

from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from core.runtime.probes import METHODS

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
OperationsApp = Callable[[MutableMapping[str, Any], Any, Send], Awaitable[None]]


def build_operations(
    *,
    registry: CollectorRegistry,
    find_fault: Callable[[], Awaitable[str | None]],
    list_impairments: Callable[[], Sequence[str]] = tuple,
) -> OperationsApp:
    """Make the ASGI application. The two questions are those of `core.runtime.probes`."""

    async def answer(scope: MutableMapping[str, Any], _receive: Any, send: Send) -> None:
        if scope["method"] not in METHODS:
            await _send(send, 405, b"method not allowed\n")
            return
        match scope["path"]:
            case "/metrics":
                await _send(send, 200, generate_latest(registry), CONTENT_TYPE_LATEST)
            case "/health":
                await _send(send, 200, b"ok\n")
            case "/ready":
                fault = await find_fault()
                if fault is None:
                    await _send(send, 200, "".join(["ready\n", *_write_impairments(list_impairments())]).encode())
                else:
                    await _send(send, 503, f"not ready: {fault}\n".encode())
            case _:
                await _send(send, 404, b"not found\n")

    return answer


def _write_impairments(impairments: Sequence[str]) -> list[str]:
    return [f"impaired: {each}\n" for each in impairments]


async def _send(send: Send, status: int, body: bytes, content_type: str = "text/plain; charset=utf-8") -> None:
    headers = [(b"content-type", content_type.encode()), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
