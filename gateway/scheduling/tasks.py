"""The gateway's own tasks: short ones that wait for the store on behalf of a client.

They start in the task group of `run`, so that they end with the gateway. A task that is started earlier waits for
`run`. An exception ends only its own task and is logged, because nobody awaits these tasks.
"""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

logger = logging.getLogger(__name__)


class Tasks:
    """Starts coroutines as tasks."""

    __slots__ = ("_early", "_group", "_is_closed")

    def __init__(self) -> None:
        self._group: asyncio.TaskGroup | None = None
        self._early: list[Coroutine[Any, Any, None]] = []
        self._is_closed = False

    async def run(self) -> None:
        """Run the tasks until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                early, self._early = self._early, []
                for coroutine in early:
                    self.spawn(coroutine)
                try:
                    await asyncio.get_running_loop().create_future()
                finally:
                    self.close()  # those that end now may want to start others, which the group refuses
        finally:
            self.close()

    def spawn(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Start a task. After `close` nothing starts any more."""
        if self._is_closed:
            coroutine.close()
        elif self._group is None:
            self._early.append(coroutine)
        else:
            task = self._group.create_task(_guard(coroutine))
            task.add_done_callback(lambda _: coroutine.close())  # it may be cancelled before it begins

    def close(self) -> None:
        """Start nothing more, and drop the tasks that have not started."""
        self._is_closed = True
        for coroutine in self._early:
            coroutine.close()
        self._early.clear()


async def _guard(coroutine: Coroutine[Any, Any, None]) -> None:
    try:
        await coroutine
    except Exception:
        logger.exception("a task of the gateway failed")
