"""The defects that the simulation of a whole cluster finds."""

from collections.abc import Sequence
from typing import Any, Final

from core.bus.interfaces import Delivery
from core.bus.redis import RedisBus
from core.bus.relay import RevisionGap
from core.bus.tail import Tail
from core.door.redis_openings import Opened
from core.store.sql.postgres.outbox import Appended, Entries
from core.store.sql.postgres.relaying import Relaying
from core.store.sql.postgres.sweep import OutboxSweep
from core.store.sql.postgres.writer import PostgresWriter
from tests.fakes.redis.server import FakeRedisServer
from tests.simulation.defects.planting import Defects, Original

DEFECTS: Final = Defects()


@DEFECTS.plant("caches without the barrier", RedisBus, "wait_applied")
def _wait_for_nothing(_: Original) -> Original:
    async def wait_applied(_bus: RedisBus, **_options: Any) -> bool:
        return True

    return wait_applied


@DEFECTS.plant("no sweep of the outbox", OutboxSweep, "look")
def _never_look(_: Original) -> Original:
    async def look(_sweep: OutboxSweep) -> int:
        return 0

    return look


@DEFECTS.plant("relay skips a gap", Relaying, "relay")
def _skip_what_is_missing(_: Original) -> Original:
    async def relay(relaying: Relaying, shard: int, entries: Entries) -> int:
        try:
            return await relaying._relay.relay(shard, entries.first, entries.envelopes)
        except RevisionGap as gap:
            return await relaying._relay.relay(shard, gap.revision + 1, entries.envelopes)

    return relay


class _EagerOutbox:
    """An outbox whose events are told before they are committed."""

    def __init__(self, outbox: Any, relaying: Relaying) -> None:
        self._outbox = outbox
        self._relaying = relaying

    async def append(self, connection: Any, envelopes: Sequence[Any]) -> Appended:
        appended: Appended = await self._outbox.append(connection, envelopes)
        await self._relaying.publish(appended)
        return appended


@DEFECTS.plant("relay before commit", PostgresWriter, "_run")
def _tell_first(original: Original) -> Original:
    async def run(writer: PostgresWriter, *arguments: Any) -> Any:
        if not isinstance(writer._outbox, _EagerOutbox):
            writer._outbox = _EagerOutbox(writer._outbox, writer._relaying)  # type: ignore[assignment]  # a mistake
        return await original(writer, *arguments)

    return run


@DEFECTS.plant("no run check", FakeRedisServer, "run_id")
def _know_no_restart(_: Original) -> Any:
    return property(lambda _server: "run1")


@DEFECTS.plant("revision told to nobody", Tail, "_deliver")
def _forget_some_revisions(original: Original) -> Original:
    def deliver(tail: Tail, delivery: Delivery) -> None:
        if delivery.revision % 16:
            original(tail, delivery)
        else:
            tail.revisions[delivery.shard].rise(delivery.revision)
            tail.passed[delivery.shard].rise(delivery.position)

    return deliver


@DEFECTS.plant("held event taken for told", Opened, "wait_seen", seeds=(82,))
def _believe_what_is_held(original: Original) -> Original:
    async def wait_seen(opened: Opened, timeout_s: float) -> bool:
        await original(opened, 10 * timeout_s)
        return True

    return wait_seen
