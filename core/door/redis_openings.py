"""The openings of one process at the doors in Redis, from the script that lets them in to the one that ends them.

```
 begin ─→ open ─┬─ close ─→ in the log ──────────────→ seen by our own tail: done
                │    ├────→ held: somebody earlier is open; or taken by a sweeper
                │    │         └─→ seen later: done; or not for long: close again
                │    └────→ no end for long: the caller is told so, and `run` goes on closing
                ├─ abort ─→ gone
                ├─ leave ─→ a sweeper ends it (`core.door.redis_orphans`)
                └─ (the process dies, or Redis forgets it) ─→ `close` finds it gone: done if seen, OpeningGone if not
```

A call whose answer was lost is made again: closing twice changes nothing. Whether an event has passed is told by the
tail alone, under the id of the opening or of the event. So a process that was stopped between opening and closing, and
whose opening was ended by a sweeper meanwhile, learns which way it ended.

`run` says that the process lives, and makes the calls that could not be made at their time.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Final

from core.bus.interfaces import Delivery
from core.bus.positions import position_of
from core.bus.redis import RedisBus
from core.domain.errors import OutcomeUnknown, Unavailable
from core.domain.ids import shard_of
from core.door.abandoned import AbandonedEnds
from core.door.closing import closing_args
from core.door.life_signs import LifeSigns
from core.door.opened import Opened, OpeningGone
from core.door.recent import Recent
from core.door.retelling import Retelling
from core.door.turns import wait_turn
from core.redis.interfaces import Answer, Argument, Scripts
from core.redis.keys import tag_of
from core.runtime.clock import Clock
from core.wire.envelope import Envelope

NONCE_MS: Final = 60 * 60 * 1000
"""The time for which a nonce counts; the store's is the same."""
_SEEN_S: Final = 5.0
"""The time for which a held event, or one of a repeat, is waited for; a sweeper has ended what holds it by then."""
_HELD_S: Final = 0.5
"""The time after which the door is asked again about a held event: a restarted Redis may have forgotten it."""
_LOST_S: Final = 3.0
"""The time for which calls are repeated whose answers were lost."""
_PAUSE_S: Final = 0.05


Undo = Callable[[], Awaitable[None]]
"""Undoes a stored change that nobody is told. Raises Unavailable when it is to be called again."""


class RedisOpenings:
    """The openings of this process, by id."""

    __slots__ = ("_abandoned", "_bus", "_clock", "_incarnation", "_observe", "_open", "_recent", "_scripts",
                 "_watched")  # fmt: skip

    def __init__(
        self,
        *,
        bus: RedisBus,
        scripts: Scripts,
        clock: Clock,
        incarnation: str,
        observe: Callable[[str, float], None] = lambda _step, _seconds: None,
    ) -> None:
        """`incarnation` names this life of the process and no other one.

        `observe` gets the seconds of each step, "open" or "close", however it ends.
        """
        self._bus = bus
        self._scripts = scripts
        self._clock = clock
        self._incarnation = incarnation
        self._observe = observe
        self._recent = Recent(monotonic_s=clock.monotonic_s)
        self._open: dict[int, Opened] = {}
        self._watched: dict[int, Opened] = {}
        """The openings by the ids of events that end them."""
        self._abandoned = AbandonedEnds(bus=bus, scripts=scripts)
        bus.subscribe(self._on_delivery)
        retelling = Retelling(
            recent=self._recent,
            scripts=scripts,
            incarnation=incarnation,
            nonce_ms=NONCE_MS,
            list_open=self._list_open,
            abandon=self._abandoned.put_call,
        )
        bus.tail.on_life(retelling.on_life)

    async def run(self) -> None:
        """Say that this process lives, and end what was abandoned, until cancelled."""
        life = LifeSigns(scripts=self._scripts, incarnation=self._incarnation)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(life.run())
            tasks.create_task(self._abandoned.run())

    def find(self, opened_id: int) -> Opened | None:
        """Return an opening of this process that is not ended yet."""
        return self._open.get(opened_id)

    async def begin(self, shard: int, channel_id: int, ticket_ms: int, low: int, *rest: Argument) -> Answer:
        """Ask the door; return what the script `door_open` answers. `rest` are its arguments after the incarnation.

        Raises:
            Unavailable: when nobody was let in.
        """

        def ask() -> "asyncio.Future[Answer]":
            life = self._bus.tail.life_of(shard)
            return self._scripts.call(
                "door_open", tag_of(shard), life, channel_id, ticket_ms, low, self._incarnation, *rest
            )

        began_s = self._clock.monotonic_s()
        try:
            answer = await self._bus.insist(ask)
        except (OutcomeUnknown, asyncio.CancelledError) as error:
            self._abandoned.put_call("door_abort", shard, (low, channel_id, self._incarnation))
            if isinstance(error, OutcomeUnknown):
                raise Unavailable("the door has not answered") from error
            raise
        finally:
            self._observe("open", self._clock.monotonic_s() - began_s)
        if answer[0] == b"OK":
            opened = Opened(answer[1] << 22 | low, shard, channel_id)
            self._open[opened.id] = self._watched[opened.id] = opened
        return answer

    async def wait_turn(self, opened: Opened) -> None:
        """Wait until no earlier change of reactions is open that may meet this one. Raises Unavailable."""
        await wait_turn(self._scripts, opened)

    async def close(self, opened: Opened, envelopes: Sequence[Envelope], undo: Undo | None = None) -> None:
        """End an opening by its events; return when they have passed in the tail of this process.

        `undo` is called when it is certain that the events are not told, until it does not raise Unavailable.

        Raises:
            OpeningGone: see there.
            OutcomeUnknown: when Redis stays away, or an event is held for more than five seconds. The opening is ended
                later, by this process or by a sweeper.
        """
        began_s = self._clock.monotonic_s()
        for envelope in envelopes:
            self._watched[envelope.id] = opened
        try:
            await self._end(opened, envelopes, undo)
        except (OutcomeUnknown, asyncio.CancelledError):
            # What is stored must be told or undone, and by now nobody else here knows that it is not.
            self._abandoned.put(partial(self._end_later, opened, envelopes, undo))
            self._open.pop(opened.id, None)
            self._answer_repeats(opened, 0)
            raise
        finally:
            self._observe("close", self._clock.monotonic_s() - began_s)

    async def _end_later(self, opened: Opened, envelopes: Sequence[Envelope], undo: Undo | None) -> None:
        with suppress(OpeningGone):
            await self._end(opened, envelopes, undo)

    async def _end(self, opened: Opened, envelopes: Sequence[Envelope], undo: Undo | None) -> None:
        """Close, or undo. Raises as `close` does."""
        try:
            await self._close(opened, envelopes)
        except OpeningGone:
            await self.undo(undo)
            self._unwatch(envelopes)
            self.settle(opened, 0)
            raise
        self._unwatch(envelopes)
        self.settle(opened, opened.id)

    async def undo(self, undo: Undo | None) -> None:
        """Call what undoes a change that is not told, and again later when a server is away."""
        if undo is None:
            return
        try:
            await undo()
        except (Unavailable, asyncio.CancelledError) as error:
            self._abandoned.put(undo)
            if isinstance(error, asyncio.CancelledError):
                raise

    def _unwatch(self, envelopes: Sequence[Envelope]) -> None:
        for envelope in envelopes:
            self._watched.pop(envelope.id, None)

    async def _close(self, opened: Opened, envelopes: Sequence[Envelope]) -> None:
        def ask() -> "asyncio.Future[Answer]":
            args = closing_args(self._bus, opened.id, opened.channel_id, envelopes, incarnation=self._incarnation)
            return self._scripts.call("door_close", tag_of(opened.shard), *args)

        give_up_s = self._clock.monotonic_s() + _SEEN_S
        while True:
            answer = await self._repeat(ask)
            if answer[0] == b"OK":
                # A Redis that loses this end has the opening open again, and must not be told that it is still ours.
                self._open.pop(opened.id, None)
                return await self._wait_passed(envelopes, answer[1:])
            if answer[0] == b"GONE":
                return await self._find_gone(opened, answer[1])
            if await opened.wait_seen(_HELD_S):
                return None
            if self._clock.monotonic_s() > give_up_s:
                raise OutcomeUnknown("an earlier change of the channel has not ended")

    async def _wait_passed(self, envelopes: Sequence[Envelope], places: Answer) -> None:
        """Wait until events have passed whose generations and numbers in their logs are `places`."""
        waits = []
        for envelope, generation, n in zip(envelopes, places[::2], places[1::2], strict=True):
            shard = shard_of(envelope.owner_id, self._bus.num_shards)
            position = position_of(generation, n)
            self._recent.add_event(shard, position, envelope)
            waits.append((shard, position))
        for shard, position in waits:
            await self._bus.wait_passed(shard, position)

    async def _find_gone(self, opened: Opened, all_: int) -> None:
        """Return when an opening that is gone has been told; that was before `all_` events were. Raises as `close`."""
        if not await self._bus.wait_applied(all_=all_, timeout_s=_SEEN_S):
            raise OutcomeUnknown("this process is behind the logs")
        if not opened.seen.is_set():
            raise OpeningGone("the message was given up by the door")

    async def abort(self, opened: Opened, first_id: int = 0) -> None:
        """End an opening without an event. It is done later when Redis does not answer now.

        `first_id` is the message that answers repeats.
        """
        args = (opened.id.to_bytes(8, "big"), opened.channel_id, self._incarnation)
        try:
            answer = await self._scripts.call("door_abort", tag_of(opened.shard), *args)
            if answer[0] == b"CLOSED":
                self._abandoned.put_call("door_abort", opened.shard, args)
        except (Unavailable, asyncio.CancelledError) as error:
            self._abandoned.put_call("door_abort", opened.shard, args)
            if isinstance(error, asyncio.CancelledError):
                raise
        finally:
            self.settle(opened, first_id)

    async def leave(self, opened: Opened) -> None:
        """Leave an opening to a sweeper, because nobody here can tell how it ends. Raises Unavailable."""
        self.settle(opened, 0)
        await self._scripts.call("door_leave", tag_of(opened.shard), opened.id.to_bytes(8, "big"))

    def settle(self, opened: Opened, first_id: int) -> None:
        """Forget an opening that is ended; repeats are answered by the message `first_id`, 0 for none."""
        self._open.pop(opened.id, None)
        self._watched.pop(opened.id, None)
        self._answer_repeats(opened, first_id)

    def _answer_repeats(self, opened: Opened, first_id: int) -> None:
        if not opened.outcome.done():
            opened.outcome.set_result(first_id)

    async def set_nonce(self, shard: int, channel_id: int, author_id: int, nonce: str, message_id: int) -> None:
        """Let a nonce lead to a message. Raises Unavailable."""
        name = f"{author_id}:{nonce}"
        known = (channel_id, name, message_id.to_bytes(8, "big"))
        await self._scripts.call("nonces_restore", tag_of(shard), NONCE_MS, *known)

    def remember_nonce(self, shard: int, channel_id: int, author_id: int, nonce: str, message_id: int) -> None:
        """Put the nonce back if Redis forgets it within a minute."""
        self._recent.add_nonce(shard, channel_id, author_id, nonce, message_id)

    async def wait_seen(self, opened_id: int, timeout_s: float) -> bool:
        """Wait until an event with the id of an opening of any process passes; False when it does not in time."""
        opened = self._watched.get(opened_id)
        if opened is not None:
            return await opened.wait_seen(timeout_s)
        opened = self._watched[opened_id] = Opened(opened_id, 0, 0)
        try:
            return await opened.wait_seen(timeout_s)
        finally:
            if self._watched.get(opened_id) is opened:
                del self._watched[opened_id]

    async def _repeat(self, ask: Callable[[], Awaitable[Answer]]) -> Answer:
        """Make a call that may be made twice, again while its answers are lost."""
        give_up_s = self._clock.monotonic_s() + _LOST_S
        while True:
            try:
                return await self._bus.insist(ask)
            except OutcomeUnknown:
                if self._clock.monotonic_s() > give_up_s:
                    raise
            except Unavailable as error:
                raise OutcomeUnknown("the door does not answer") from error
            await asyncio.sleep(_PAUSE_S)

    def _on_delivery(self, delivery: Delivery) -> None:
        opened = self._watched.get(delivery.envelope.id)
        if opened is not None and delivery.position:
            opened.seen.set()
            # Also what another process has told, of which a repeat is answered here.
            if opened.id in self._open or not opened.channel_id:
                self._recent.add_event(delivery.shard, delivery.position, delivery.envelope)

    def _list_open(self, shard: int) -> list[int]:
        return [opened.id for opened in self._open.values() if opened.shard == shard]
