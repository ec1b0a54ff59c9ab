"""The steps of sampled events in the gateway: the actor's turn, the frames to other workers, and the sockets.

```
 envelope or frame with a context ─→ begin ─→ actor or far guild ─→ end
                                       │            └─ link_context, for each frame        (span link)
                                       └─ all whom it has put into the send queue are served (span socket)
```

Events without a context pass with one look. Everything between begin and end is synchronous, so the event that is
current is the one whose frames leave.
"""

from collections.abc import Callable

from core.bus.interfaces import Delivery
from core.runtime.traces.interfaces import Span, Tracer


class EventTracing:
    """`count_entered` counts who ever came into the send queue; `when_sent` calls back when all in it are served."""

    __slots__ = ("_count_entered", "_current", "_frames", "_tracer", "_when_sent")

    def __init__(
        self, *, tracer: Tracer, count_entered: Callable[[], int], when_sent: Callable[[Callable[[], None]], None]
    ) -> None:
        self._count_entered = count_entered
        self._current: Span | None = None
        self._frames = 0
        """The frames to other workers in this step."""
        self._tracer = tracer
        self._when_sent = when_sent

    def around(self, route: Callable[[Delivery], None]) -> Callable[[Delivery], None]:
        """Return `route` with the actor's step of sampled events."""

        def route_traced(delivery: Delivery) -> None:
            context = delivery.envelope.trace
            if context is None:
                route(delivery)
            else:
                self.follow(context, "actor", lambda: route(delivery))

        return route_traced

    def follow(self, context: bytes, name: str, deliver: Callable[[], object]) -> None:
        """Do a step in which a sampled event may come to sessions. One that comes to none is not told."""
        span = self._current = self._tracer.begin(name, parent=context)
        self._frames = 0
        before = self._count_entered()
        try:
            deliver()
        finally:
            self._current = None
        sessions, frames = self._count_entered() - before, self._frames
        if sessions or frames:
            span.end(sessions=sessions, frames=frames)
        if sessions:
            socket = self._tracer.begin("socket", parent=span.context)
            self._when_sent(lambda: socket.end(sessions=sessions))

    def link_context(self) -> bytes | None:
        """Return what a frame to another worker carries, None when the current event is not sampled."""
        if self._current is None:
            return None
        self._frames += 1
        span = self._tracer.begin("link", parent=self._current.context)
        span.end()
        return span.context
