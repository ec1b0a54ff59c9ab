"""Relaying: committed events go from the outbox into their shards' logs (`core.bus.relay`).

Whoever has committed relays, before the caller is answered. Two units of one shard may come to the log in the wrong
order; then the later one finds a gap, reads the missing rows, which are committed and therefore visible, and relays
those too. The other one finds that its events are in the log already. When the log is away, the events stay in the
outbox, and the sweep relays them later (sweep.py).

A caller is answered when this process's listeners have had its events, so that it reads what it has written.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from core.bus.relay import RevisionGap
from core.domain.errors import OutcomeUnknown, Unavailable
from core.store.sql.engine.errors import reason_of
from core.store.sql.postgres.outbox import Appended, Entries, Outbox
from core.wire.envelope import Envelope

logger = logging.getLogger(__name__)

_PATIENCE_S: Final = 3.0
"""A log that restarts is back by then; a client waits so long without giving up."""
_PAUSE_S: Final = 0.05
_RETRY_AFTER_S: Final = 2.0
_CHUNK_ROWS: Final = 200
"""The rows that fill a gap in one call of the log, a few milliseconds of its time."""


class Relay(Protocol):
    """The writing end of the shards' logs (`core.bus.relay`)."""

    async def relay(self, shard: int, first_revision: int, envelopes: Sequence[Envelope], /) -> int:
        """Append events with contiguous revisions, without those that the log has; return a position at or behind them.

        Raises:
            RevisionGap: when earlier ones are missing.
            Unavailable: when the log does not answer, or takes nothing now. It may have taken the events.
        """

    async def find_revisions(self) -> Sequence[int]:
        """Return the newest revision in each shard's log, 0 for none. Raises Unavailable."""


class Tail(Protocol):
    """The reading end of the logs in this process."""

    async def wait_passed(self, shard: int, position: int) -> bool:
        """Wait until this process's listeners have had a position; False when that takes too long."""


class RevisionsGone(Unavailable):
    """The log lacks revisions that the outbox has no more. Only a new generation of the log helps."""


class Relaying:
    """The relaying of this process."""

    __slots__ = ("_is_open", "_outbox", "_relay", "_tail")

    def __init__(self, *, relay: Relay, tail: Tail, is_open: Callable[[], bool], outbox: Outbox) -> None:
        """`is_open` tells whether the logs take events, as far as this process knows."""
        self._is_open = is_open
        self._relay = relay
        self._tail = tail
        self._outbox = outbox

    def check_open(self) -> None:
        """Refuse a unit before it begins, while its events could not be told. Raises Unavailable."""
        if not self._is_open():
            raise Unavailable("the logs are away", _RETRY_AFTER_S)

    async def publish(self, appended: Appended) -> None:
        """Relay a unit's events and wait until this process's listeners have had them.

        Raises:
            OutcomeUnknown: when the log is away for long. The unit is committed, and its events are told later.
        """
        if len(appended) < 2:  # most units have events of one shard, which needs no task
            for shard, entries in appended.items():
                await self._publish(shard, entries)
            return
        results = await asyncio.gather(
            *(self._publish(shard, entries) for shard, entries in appended.items()), return_exceptions=True
        )
        for result in results:
            if isinstance(result, BaseException):
                raise result

    async def relay(self, shard: int, entries: Entries) -> int:
        """Relay events of a shard, with those before them; return a position at or behind the last one's.

        Raises:
            RevisionsGone: when some before them are gone.
            Unavailable: when the log does not take them.
        """
        while True:
            try:
                return await self._relay.relay(shard, entries.first, entries.envelopes)
            except RevisionGap as gap:
                newest = gap.revision
            await self._relay.relay(shard, newest + 1, await self._read_missing(shard, newest, entries.first))

    async def _publish(self, shard: int, entries: Entries) -> None:
        last: Unavailable | None = None
        try:
            async with asyncio.timeout(_PATIENCE_S):
                while True:
                    try:
                        position = await self.relay(shard, entries)
                        break
                    except Unavailable as error:
                        last = error
                    await asyncio.sleep(_PAUSE_S)
        except TimeoutError:
            reason = reason_of(last) if last else "it does not answer"
            logger.warning("events wait for their shard's log", extra={"shard": shard, "reason": reason})
            raise OutcomeUnknown("stored, but not told yet", _RETRY_AFTER_S) from last
        # A tail that is late is not trusted by the caches, so what the caller reads next is new even then.
        await self._tail.wait_passed(shard, position)

    async def _read_missing(self, shard: int, newest: int, first: int) -> Sequence[Envelope]:
        rows = await self._outbox.read(shard, after=newest, limit=min(_CHUNK_ROWS, first - 1 - newest))
        if [n for n, _ in rows] != list(range(newest + 1, newest + 1 + len(rows))) or not rows:
            raise RevisionsGone("the log lacks events that are kept nowhere")
        return [envelope for _, envelope in rows]
