"""The wait for events of rows that were read.

A row and the event that announces it come by different ways, and in a cluster from different servers. So a row that was
just read may be newer than the events that have come: a user seems to be a member whose join, or whose leaving and
joining again, is still to be heard of. After this wait the events have come as well. They may still be in the inbox,
which is emptied before what was read is used (`Inbox.flush`).

The revisions of all shards are asked for at once, so many who wait share an answer:

```
 wait ─→ asked ─→ one look at the revisions, for all that have asked before it begins ─→ events have come ─→ all go on
                    who asks meanwhile has read newer rows, and waits for the next look
```
"""

import asyncio
from collections.abc import Callable, Collection, Coroutine
from typing import Any

from core.bus.interfaces import Bus
from core.domain.errors import Unavailable
from core.store.interfaces import Store


class RowWait:
    __slots__ = ("_asked", "_bus", "_is_looking", "_spawn", "_store")

    def __init__(self, *, bus: Bus, store: Store, spawn: Callable[[Coroutine[Any, Any, None]], None]) -> None:
        """`spawn` starts a task of the gateway."""
        self._asked: list[asyncio.Future[None]] = []
        """Who waits for the next look."""
        self._bus = bus
        self._is_looking = False
        self._spawn = spawn
        self._store = store

    async def wait(self) -> None:
        """Wait until the inbox has got all events of the rows that were read before this call.

        Raises:
            Unavailable: when they do not come in time, or the store does not answer.
        """
        come = asyncio.get_running_loop().create_future()
        self._asked.append(come)
        if not self._is_looking:
            self._is_looking = True
            self._spawn(self._look_for_all())
        await come

    async def _look_for_all(self) -> None:
        try:
            while self._asked:
                asked, self._asked = self._asked, []
                reason: str | None = "the revisions were not read"
                try:
                    await self._look()
                    reason = None
                except Unavailable as error:
                    reason = str(error)
                finally:
                    _answer(asked, reason)
        finally:
            self._is_looking = False

    async def _look(self) -> None:
        await self._bus.wait_for_revisions(await self._store.logins.fetch_revisions())


def _answer(asked: Collection[asyncio.Future[None]], reason: str | None) -> None:
    """Let all go on who still wait; with a reason they are told that it is not possible."""
    for come in asked:
        if come.done():
            continue
        if reason is None:
            come.set_result(None)
        else:
            come.set_exception(Unavailable(reason))
