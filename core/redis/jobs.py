"""Leases of jobs that one process of the cluster does at a time, such as keeping the logs and sweeping.

The holder renews its lease three times in its life. A process that cannot renew has lost it when that time is over by
its own clock, which is not later than by Redis', since Redis counts from when it was asked. What must not be done by an
old holder is fenced by the epoch besides.
"""

import asyncio
import logging
from typing import Final

from core.domain.errors import Unavailable
from core.redis.interfaces import Scripts
from core.redis.keys import ANY_TAG
from core.runtime.clock import Clock

logger = logging.getLogger(__name__)

_RENEWALS: Final = 3
"""How often a lease is renewed in its life, so that one lost answer does not end it."""


class JobLease:
    """This process' claim to one job. `run` goes on beside it."""

    __slots__ = ("_back_s", "_clock", "_epoch", "_holder", "_is_held", "_life_s", "_name", "_scripts", "_until_s")

    def __init__(self, *, name: str, holder: str, scripts: Scripts, clock: Clock, life_s: float = 3.0) -> None:
        """`holder` names this process and its life."""
        self._name = name
        self._holder = holder
        self._scripts = scripts
        self._clock = clock
        self._life_s = life_s
        self._epoch = 0
        self._back_s = float("-inf")
        """Until when the lease is left to others."""
        self._until_s = float("-inf")
        self._is_held = asyncio.Event()

    @property
    def epoch(self) -> int | None:
        """The epoch of the lease, greater than all before; None while this process does not have it."""
        return self._epoch if self._clock.monotonic_s() < self._until_s else None

    async def wait_held(self) -> int:
        """Wait until this process has the lease; return its epoch."""
        while (epoch := self.epoch) is None:
            self._is_held.clear()
            await self._is_held.wait()
        return epoch

    async def run(self) -> None:
        """Take the lease and renew it, until cancelled; then give it up."""
        try:
            while True:
                if self._clock.monotonic_s() >= self._back_s:
                    await self.renew()
                await asyncio.sleep(self._life_s / _RENEWALS)
        finally:
            self._give_up()

    def stand_back(self, for_s: float) -> None:
        """Give the lease up, and leave it to others for a while: they may be better at the job now."""
        self._back_s = self._clock.monotonic_s() + for_s
        self._give_up()

    async def renew(self) -> None:
        """Take or renew the lease once."""
        asked_s = self._clock.monotonic_s()
        life_ms = round(self._life_s * 1000)
        try:
            word, number = await self._scripts.call(
                "job_take", ANY_TAG, self._name, self._holder, life_ms, self._clock.now_ms()
            )
        except Unavailable as error:
            logger.warning("a lease was not renewed", extra={"job": self._name, "reason": str(error)})
            return
        if word == b"OK":
            self._epoch = number
            self._until_s = asked_s + self._life_s
            self._is_held.set()

    def _give_up(self) -> None:
        self._until_s = float("-inf")
        self._scripts.call("job_release", ANY_TAG, self._name, self._holder).add_done_callback(_forget)


def _forget(answer: "asyncio.Future[object]") -> None:
    """Take note of how a call has ended whose outcome changes nothing."""
    if not answer.cancelled():
        answer.exception()
