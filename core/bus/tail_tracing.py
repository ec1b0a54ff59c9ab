"""The step in which a process hears of a sampled event: it begins when the first listener is called, and ends when all
have been, before the loop's next turn.
"""

from collections.abc import Callable

from core.bus.interfaces import Bus, Delivery, Subscription
from core.runtime.traces.interfaces import Tracer


def trace_tail(bus: Bus, tracer: Tracer, *, call_soon: Callable[[Callable[[], None]], object]) -> Subscription:
    """Listen to the bus, before all other listeners subscribe. `call_soon` is the event loop's."""

    def note(delivery: Delivery) -> None:
        context = delivery.envelope.trace
        if context is not None:
            span = tracer.begin("tail", parent=context)
            shard, event = delivery.shard, delivery.envelope.event
            call_soon(lambda: span.end(event=event, shard=shard))

    return bus.subscribe(note)
