"""The workers that live, as a process that is none of them knows them: it looks once a second.

What was known stays while Redis is away, since workers go on without it. A worker that dies stays among the living
until its lease has ended.
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import Final

from core.domain.errors import Unavailable
from core.redis.interfaces import Scripts
from core.shards.map_reader import fetch_workers
from core.shards.worker import Worker

logger = logging.getLogger(__name__)

_LOOK_S: Final = 1.0


class LivingWorkers:
    """The workers of the last look. `run` goes on beside it."""

    __slots__ = ("_scripts", "workers")

    def __init__(self, *, scripts: Scripts) -> None:
        self._scripts = scripts
        self.workers: Sequence[Worker] = ()
        """Those that have their lease, by name."""

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(_LOOK_S)

    async def look(self) -> None:
        """Look once."""
        try:
            self.workers = await fetch_workers(self._scripts)
        except Unavailable as error:
            logger.debug("the workers that live are not known", extra={"reason": error.text})
