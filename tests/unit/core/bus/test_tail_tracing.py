"""The step in which a process hears of an event."""

from collections.abc import Callable

import msgspec

from core.bus.tail_tracing import trace_tail
from core.domain.events import Audience
from core.wire.envelope import Envelope
from tests.fakes.memory_bus import MemoryBus
from tests.fakes.tracer import FakeTracer

CONTEXT = bytes(range(24))


async def test_step_lasts_until_all_listeners_have_been_called() -> None:
    bus, tracer = MemoryBus(num_shards=2), FakeTracer()
    soon: list[Callable[[], None]] = []
    trace_tail(bus, tracer, call_soon=soon.append)
    for trace in (None, CONTEXT):
        envelope = Envelope(
            id=1, event="MESSAGE_CREATE", audience=Audience.CHANNEL, payload=msgspec.Raw(b"{}"), guild_id=3, trace=trace
        )
        await bus.publish([envelope])
    span = tracer.find("tail")
    assert (span.parent, span.ended) == (CONTEXT, None)
    soon.pop()()
    assert span.ended is not None
    assert span.ended["event"] == "MESSAGE_CREATE"
    assert soon == []
