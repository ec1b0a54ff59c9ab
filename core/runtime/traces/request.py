"""The traced request: what is known of it while it runs, and the layer around the API that makes it.

Whether a request is sampled shows when its audience is known, which is at a door. Until then only the time of its begin
is kept. What runs in the same task finds it by `CURRENT`.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from contextvars import ContextVar
from typing import Any, Final

from core.runtime.traces.interfaces import Span, Tracer

HEADER: Final = b"x-trace-id"
"""The header of an answer whose request is sampled: the trace's id in hexadecimal digits."""

Application = Callable[[Any, Any, Any], Awaitable[None]]


class TracedRequest:
    """One request, or one message that came over a socket. It has a span from the moment that it is sampled."""

    __slots__ = ("_began_ns", "_tracer", "span")

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer
        self._began_ns = tracer.now_ns()
        self.span: Span | None = None

    @property
    def trace_id(self) -> str:
        """The id in hexadecimal digits, empty for a request that is not sampled."""
        return "" if self.span is None else self.span.context[:16].hex()

    def sample(self) -> Span:
        """Have the request traced, from its begin on. Return its span."""
        if self.span is None:
            self.span = self._tracer.begin("request", since_ns=self._began_ns)
        return self.span


CURRENT: Final[ContextVar[TracedRequest | None]] = ContextVar("traced request", default=None)


class RequestTracing:
    """An ASGI application around another one. `route_key` is where that one leaves the route in the scope."""

    __slots__ = ("_app", "_route_key", "_tracer")

    def __init__(self, app: Application, *, tracer: Tracer, route_key: str) -> None:
        self._app = app
        self._tracer = tracer
        self._route_key = route_key

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        """Answer a request, and end its span."""
        request = TracedRequest(self._tracer)
        status = 0

        async def send_on(message: MutableMapping[str, Any]) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                if request.span is not None:
                    message = {**message, "headers": [*message["headers"], (HEADER, request.trace_id.encode())]}
            await send(message)

        token = CURRENT.set(request)
        try:
            await self._app(scope, receive, send_on)
        finally:
            CURRENT.reset(token)
            if request.span is not None:
                request.span.end(method=scope["method"], route=scope.get(self._route_key, ""), status=status)
