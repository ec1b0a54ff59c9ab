"""A worker's lease of its name, by which the others know that it lives.

```
 ─→ take ─ OK ─→ held ── renewed each second
     ↑ │          │
     │ └ HELD: another process has this name; wait
     └── GONE or no answer for a lease's time: the next incarnation
```

The lease is renewed on a connection of its own, where it waits for nobody else's calls. A worker that could not renew
has lost its lease when that time is over by its own clock, which is not later than by Redis', since Redis counts from
when it was asked. Its shards may have been given to others by then, so it takes the lease anew as another incarnation;
what is still its own in the map is given to that one under new epochs.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

import msgspec

from core.domain.errors import Unavailable
from core.redis.interfaces import Scripts
from core.redis.keys import ANY_TAG
from core.runtime.clock import Clock
from core.shards.incarnations import incarnation_of
from core.shards.worker import Worker, encode_worker

logger = logging.getLogger(__name__)

_LEAVE_S: Final = 0.5
"""The time for the last word of a worker that stops; without it the lease ends by itself."""


class LeaseTimes(msgspec.Struct, kw_only=True, frozen=True):
    """How long a lease lives, and how often it is renewed."""

    lifetime_s: float = 3.0
    renewal_s: float = 1.0


class WorkerLease:
    """The lease of one process. `run` goes on beside it."""

    __slots__ = (
        "_clock",
        "_count_loss",
        "_describe",
        "_had",
        "_number",
        "_observe",
        "_process",
        "_refused_s",
        "_scripts",
        "_times",
        "_until_s",
        "name",
    )  # fmt: skip

    def __init__(
        self,
        *,
        name: str,
        process: str,
        scripts: Scripts,
        clock: Clock,
        describe: Callable[[str], Worker],
        times: LeaseTimes = LeaseTimes(),  # noqa: B008 - it is frozen
        observe: Callable[[float], None] = lambda _seconds: None,
        count_loss: Callable[[], None] = lambda: None,
    ) -> None:
        """`process` names this life of the process and begins with `name`. `scripts` is a connection that nobody else
        uses. `describe` returns the worker as it is now, for an incarnation. `observe` gets the seconds of renewals.
        """
        self.name = name
        self._process = process
        self._scripts = scripts
        self._clock = clock
        self._describe = describe
        self._times = times
        self._observe = observe
        self._count_loss = count_loss
        self._number = 1
        self._had = False
        """Whether the present incarnation has had the lease."""
        self._until_s = float("-inf")
        self._refused_s: float | None = None
        """Since when another process has had the name."""

    @property
    def incarnation(self) -> str:
        """The present incarnation, which may not have the lease (yet)."""
        return incarnation_of(self._process, self._number)

    @property
    def is_held(self) -> bool:
        """Whether this process has the lease."""
        return self._clock.monotonic_s() < self._until_s

    def find_fault(self) -> str | None:
        """Return why the lease keeps the worker from its work, None when it is held."""
        if self.is_held:
            return None
        return "another process has this worker's name" if self._is_taken() else "the worker's lease is not held"

    async def run(self) -> None:
        """Take the lease and renew it, until cancelled; then give it up."""
        try:
            while True:
                began_s = self._clock.monotonic_s()
                await self.renew()
                rest_s = self._times.renewal_s - (self._clock.monotonic_s() - began_s)
                await asyncio.sleep(max(0.0, rest_s))
        finally:
            self._until_s = float("-inf")
            await self._leave()

    async def renew(self) -> None:
        """Take or renew the lease once."""
        if self._had and not self.is_held:
            self._begin_anew()
        asked_s = self._clock.monotonic_s()
        worker = encode_worker(self._describe(self.incarnation))
        life_ms = round(self._times.lifetime_s * 1000)
        args = (self.name, self.incarnation, int(self._had), life_ms, worker)
        try:
            word, *_ = await self._scripts.call("worker_lease", ANY_TAG, *args)
        except Unavailable as error:
            logger.warning("the worker's lease was not renewed", extra={"worker": self.name, "reason": str(error)})
            return
        self._observe(self._clock.monotonic_s() - asked_s)
        if word == b"HELD":
            self._note_refusal()
            return
        self._refused_s = None
        if word == b"OK":
            self._had = True
            self._until_s = asked_s + self._times.lifetime_s
        else:
            self._begin_anew()
            await self.renew()

    def _note_refusal(self) -> None:
        """The lease may be that of an earlier life of this process, which was killed; then it ends by itself."""
        if self._refused_s is None:
            self._refused_s = self._clock.monotonic_s()
            logger.info("the worker's name is still taken", extra={"worker": self.name})
        elif self._is_taken():
            logger.warning("another process has this worker's name", extra={"worker": self.name})

    def _is_taken(self) -> bool:
        """Tell whether the name was another's for longer than the lease of a dead process lives."""
        since_s = self._refused_s
        return since_s is not None and self._clock.monotonic_s() - since_s > self._times.lifetime_s

    def _begin_anew(self) -> None:
        self._number += 1
        self._had = False
        self._until_s = float("-inf")
        self._count_loss()
        logger.warning("the worker's lease was lost", extra={"worker": self.name, "incarnation": self.incarnation})

    async def _leave(self) -> None:
        try:
            async with asyncio.timeout(_LEAVE_S):
                await self._scripts.call("worker_leave", ANY_TAG, self.name, self.incarnation)
        except (Unavailable, TimeoutError):
            logger.info("the worker's lease ends by itself", extra={"worker": self.name})
