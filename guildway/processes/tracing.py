"""The tracing of a process, where the settings name a collector: layers around parts that know nothing of it.

Without a collector nothing here is built, and messages go the way that they always went.
"""

import asyncio
import contextlib
import random
import threading
import time
from collections.abc import AsyncIterator
from typing import Final

import msgspec

from core.bus.tail_tracing import trace_tail
from core.door.traced import Sampler, TracedDoor
from core.runtime.errors import StartError
from core.runtime.logs import add_filter
from core.runtime.settings.settings import TraceSettings
from core.runtime.traces.interfaces import Tracer
from core.runtime.traces.log_lines import TraceIds
from core.store.traced_messages import TracedMessages
from guildway.processes.ground import Ground
from guildway.version import VERSION

_CLOSE_S: Final = 1.0
"""The time for the last spans. A collector that does not answer holds up no process that ends."""


@contextlib.asynccontextmanager
async def open_tracer(settings: TraceSettings, *, name: str) -> AsyncIterator[Tracer | None]:
    """Make the tracer of a process, None without a collector; on leaving send what waits.

    Raises:
        StartError: when OpenTelemetry is not installed.
    """
    if not settings.endpoint:
        yield None
        return
    try:
        from core.runtime.traces.opentelemetry_tracer import OpenTelemetryTracer  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise StartError(
            f"traces.endpoint is set and {error.name} is not installed: install guildway[traces], or "
            "requirements/traces.lock"
        ) from error
    tracer = OpenTelemetryTracer(
        endpoint=settings.endpoint,
        resource={"service.name": "guildway", "service.instance.id": name, "service.version": VERSION},
        now_ns=time.time_ns,
    )
    try:
        yield tracer
    finally:
        closing = threading.Thread(target=tracer.close, name="last spans", daemon=True)
        closing.start()
        await asyncio.to_thread(closing.join, _CLOSE_S)


def trace_ground(ground: Ground, tracer: Tracer | None) -> Ground:
    """Put the layers around the ground, before the tiers are built. Without a tracer return the ground as it is."""
    if tracer is None:
        return ground
    add_filter(TraceIds())
    trace_tail(ground.bus, tracer, call_soon=asyncio.get_running_loop().call_soon)
    ground.store.messages = TracedMessages(ground.store.messages, tracer=tracer)
    sampler = Sampler(
        ground.settings.traces,
        count_online=ground.online.find_many,
        draw=random.random,
        monotonic_s=ground.clock.monotonic_s,
    )
    door = TracedDoor(ground.door, sampler=sampler, tracer=tracer)
    return msgspec.structs.replace(ground, door=door, tracer=tracer)
