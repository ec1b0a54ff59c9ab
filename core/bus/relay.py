"""The relay: how events that units of work have announced get from the database into the logs.

A unit of work stores its events with its rows, numbered by shard (the *revision*). Whoever has committed relays them;
so does a sweep, for those who died between the commit and here. A log takes exactly the next revision, so the same
events may be relayed at any time, by anybody, twice.
"""

from collections.abc import Callable, Sequence
from functools import partial

from core.bus.positions import position_of
from core.bus.redis import RedisBus
from core.bus.rights_events import find_changed_rights
from core.redis.interfaces import Argument, Scripts
from core.redis.keys import tag_of
from core.wire.envelope import Envelope, encode_envelope


class RevisionGap(Exception):
    """The log lacks earlier revisions: those after `revision` are to be relayed first. They are in the outbox."""

    def __init__(self, shard: int, revision: int) -> None:
        super().__init__(shard, revision)
        self.shard = shard
        self.revision = revision


class Relay:
    """Relays events of units of work."""

    __slots__ = ("_bus", "_count_gap", "_scripts")

    def __init__(self, *, bus: RedisBus, scripts: Scripts, count_gap: Callable[[], None] = lambda: None) -> None:
        """`count_gap` is called when a log lacks events of earlier units."""
        self._bus = bus
        self._count_gap = count_gap
        self._scripts = scripts

    async def relay(self, shard: int, first_revision: int, envelopes: Sequence[Envelope]) -> int:
        """Append events with contiguous revisions to a shard's log, without those that it has.

        Return the position at or before which they all are; `RedisBus.wait_passed` waits for it. Events that change
        rights make the checks of messages stale that were made before them (`core.door`).

        Raises:
            RevisionGap: when earlier ones are missing.
            Unavailable: when nothing was relayed. OutcomeUnknown: when that is not known. Relay again.
        """
        args: list[Argument] = []
        for envelope in envelopes:
            changed = find_changed_rights(envelope)
            args += ["" if changed is None else changed.name, encode_envelope(envelope)]
        call = partial(self._scripts.call, "log_relay", tag_of(shard), first_revision, *args)
        answer = await self._bus.insist(call)
        if answer[0] == b"GAP":
            self._count_gap()
            raise RevisionGap(shard, answer[1])
        return position_of(answer[1], answer[2])

    async def find_revisions(self) -> list[int]:
        """Return the newest relayed revision of each shard, for the sweep. Raises Unavailable."""
        return [head.revision for head in (await self._bus.tail.fetch_heads()).shards]
