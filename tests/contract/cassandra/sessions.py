"""Sessions of the tests that are about Cassandra alone: over the real clock, with short waits where answers are lost."""

import contextlib
from collections.abc import AsyncIterator

import msgspec
from prometheus_client import CollectorRegistry

from core.runtime.clock import SystemClock
from core.runtime.metrics.cluster_metrics import CassandraMetrics
from core.runtime.settings.settings import CassandraSettings
from core.store.cassandra.connection import open_messages
from core.store.cassandra.messages import CassandraMessages

PATIENCE_S = 60
"""How long a request waits for its answer, where the test says nothing else: longer than a busy server needs."""

WAIT_S = 0.5
"""How long it waits where an answer does not come, and the request is repeated."""


@contextlib.asynccontextmanager
async def opened(
    settings: CassandraSettings, *, metrics: CassandraMetrics | None = None, **changes: object
) -> AsyncIterator[CassandraMessages]:
    """Open a session whose settings have changes."""
    settings = msgspec.structs.replace(settings, **{"request_timeout_s": PATIENCE_S, **changes})
    metrics = metrics or CassandraMetrics(CollectorRegistry())
    async with open_messages(settings, clock=SystemClock(), metrics=metrics) as messages:
        yield messages
