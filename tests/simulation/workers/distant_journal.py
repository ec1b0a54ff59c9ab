"""The journal of sessions, in the Redis of a simulated cluster: what is asked arrives later, and the answer later still.

A worker that is killed leaves behind what is on its way, and a paused one does not see what was done. Who lives is told
by the leases in Redis, as the scripts of the real journal read them.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from random import Random
from typing import Any, TypeVar

from core.domain.errors import OutcomeUnknown
from core.store.aggregates.session_journal import Cut, SessionRecord
from tests.fakes.memory_journal import MemoryJournal
from tests.fakes.redis.client import TWINS
from tests.simulation.world.network import Direction
from tests.simulation.world.process_loop import ProcessLoop
from tests.simulation.world.redis_links import RedisHost

_ANSWER_S = 2.0
"""The time after which a call counts as lost; a server that has restarted never answers."""

Result = TypeVar("Result")
Call = Callable[[], Coroutine[Any, Any, Result]]


class DistantJournal:
    """The `SessionJournal` of one process."""

    def __init__(self, *, journal: MemoryJournal, host: RedisHost, loop: ProcessLoop, chance: Random) -> None:
        self._journal = journal
        self._host = host
        self._there = Direction(loop=host.loop, chance=chance, world=host.world)
        self._back = Direction(loop=loop, chance=chance, world=host.world)
        self._loop = loop

    @property
    def is_shared(self) -> bool:
        """See `SessionJournal`."""
        return self._journal.is_shared

    async def _ask(self, make_call: Call[Result]) -> Result:
        """Have a call done at the server. Raises Unavailable."""
        answer: asyncio.Future[Result] = self._loop.create_future()
        self._there.send(1, partial(self._do, self._host.server.run_id, make_call, answer))
        try:
            return await asyncio.wait_for(answer, _ANSWER_S)
        except TimeoutError:
            raise OutcomeUnknown("Redis has not answered") from None

    def _do(self, run_id: str, make_call: Call[Result], answer: "asyncio.Future[Result]") -> None:
        server = self._host.server
        if not self._host.is_up or server.run_id != run_id:
            return
        lives = TWINS["worker_list"](server, "", "", [])
        self._journal.leases.clear()
        for place in range(0, len(lives), 4):
            name, incarnation = lives[place : place + 2]
            _run(self._journal.hold_lease(name.decode(), incarnation.decode()))
        try:
            result = _run(make_call())
        except Exception as error:
            self._back.send(1, partial(_fail, answer, error))
        else:
            self._back.send(1, partial(_settle, answer, result))

    # ---- see `SessionJournal`

    async def write(
        self, cut: Cut, *, records: Sequence[SessionRecord] = (), ended: Sequence[str] = (), keep_from: int = 0
    ) -> None:
        await self._ask(partial(self._journal.write, cut, records=records, ended=ended, keep_from=keep_from))

    async def find(self, session_id: str) -> SessionRecord | None:
        return await self._ask(partial(self._journal.find, session_id))

    async def claim(self, session_id: str, *, holder: str, by: str, last_cut: int) -> bool:
        return await self._ask(partial(self._journal.claim, session_id, holder=holder, by=by, last_cut=last_cut))

    async def list_taken(self, incarnation: str, *, seen: Sequence[str]) -> list[str]:
        return await self._ask(partial(self._journal.list_taken, incarnation, seen=seen))

    async def list_cuts(self, incarnation: str, *, before: int | None = None, limit: int = 32) -> list[Cut]:
        return await self._ask(partial(self._journal.list_cuts, incarnation, before=before, limit=limit))

    async def list_ended(self, incarnation: str) -> list[str]:
        return await self._ask(partial(self._journal.list_ended, incarnation))

    async def take_charge(self, ended: str, *, by: str) -> bool:
        return await self._ask(partial(self._journal.take_charge, ended, by=by))

    async def list_left(self, ended: str, *, after: str = "", limit: int = 500) -> list[SessionRecord]:
        return await self._ask(partial(self._journal.list_left, ended, after=after, limit=limit))

    async def drop_left(self, ended: str, *, limit: int = 2000) -> bool:
        return await self._ask(partial(self._journal.drop_left, ended, limit=limit))


def _run(call: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine that waits for nothing."""
    try:
        call.send(None)
    except StopIteration as end:
        result: Result = end.value
        return result
    raise AssertionError("the journal in memory waits for nothing")


def _settle(answer: "asyncio.Future[Result]", result: Result) -> None:
    if not answer.done():
        answer.set_result(result)


def _fail(answer: "asyncio.Future[Any]", error: Exception) -> None:
    if not answer.done():
        answer.set_exception(error)
