"""The readiness of the process: the answer of `/ready` on every port, and one log line whenever it changes.

A process that waits for others at its start is not ready yet, which is no fault: for a while nothing is logged of that.

Parts are watched beside the store: one that the process *needs* makes it not ready, without another it is *impaired*.
An impaired process is ready, since a load balancer that turned away from all of them would make a small fault a large
one; `/ready` names the fault.

A check costs a read and sometimes a write, so its result holds for a second and is shared by all who ask meanwhile. The
gateway, which must answer in the same turn of the loop, gets the last result; a check every few seconds keeps that
young.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from core.runtime.clock import Clock

logger = logging.getLogger(__name__)

FRESH_S: Final = 1.0
LOOK_S: Final = 5.0


Look = Callable[[], Awaitable[str | None]]
"""Returns a fault in a few words, None when all is well."""


class Readiness:
    """The readiness of one process."""

    __slots__ = (
        "_clock", "_fault", "_impairments", "_is_told", "_look", "_looked_s", "_looking", "_others", "_starts_until_s"
    )  # fmt: skip

    def __init__(self, *, look: Look, clock: Clock, start_s: float = float("-inf")) -> None:
        """`look` returns the fault in a few words, None when all is well.

        `start_s` is the time from now on in which a process that was never ready is still starting.
        """
        self._look = look
        self._others: list[tuple[Look, bool]] = []
        self._impairments: tuple[str, ...] = ()
        self._clock = clock
        self._starts_until_s = clock.monotonic_s() + start_s
        self._is_told = False
        """Whether the log's last word is that the process is not ready."""
        self._fault: str | None = None
        self._looked_s = float("-inf")
        self._looking: asyncio.Task[None] | None = None

    @property
    def last_fault(self) -> str | None:
        """The fault that the last check has found."""
        return self._fault

    @property
    def last_impairments(self) -> tuple[str, ...]:
        """What the last check has found wrong with parts that the process can do without."""
        return self._impairments

    def watch(self, look: Look, *, is_needed: bool) -> None:
        """Look at another part with each check. Without one that is not needed the process is impaired."""
        self._others.append((look, is_needed))

    async def find_fault(self) -> str | None:
        """Return the present fault, None when all is well."""
        if self._clock.monotonic_s() - self._looked_s >= FRESH_S:
            if self._looking is None:
                # The check has a task of its own, because the first caller may go away while others wait for it.
                self._looking = asyncio.get_running_loop().create_task(self._renew())
            await asyncio.shield(self._looking)
        return self._fault

    async def run(self) -> None:
        """Check again and again, until cancelled."""
        while True:
            await self.find_fault()
            await asyncio.sleep(LOOK_S)

    async def _renew(self) -> None:
        impairments: list[str] = []
        try:
            found = await self._look()
            for look, is_needed in self._others:
                fault = await look()
                if fault is not None and is_needed:
                    found = found or fault
                elif fault is not None:
                    impairments.append(fault)
        except Exception:
            logger.exception("the process cannot tell how it is")
            found = "unknown"
        finally:
            self._looking = None
        self._looked_s = self._clock.monotonic_s()
        self._fault = found
        self._tell()
        self._tell_impairments(tuple(impairments))

    def _tell(self) -> None:
        if self._fault is None:
            self._starts_until_s = float("-inf")
            if self._is_told:
                logger.warning("ready again")
            self._is_told = False
        elif not self._is_told and self._looked_s >= self._starts_until_s:
            logger.error("not ready", extra={"reason": self._fault})
            self._is_told = True

    def _tell_impairments(self, found: tuple[str, ...]) -> None:
        if found and found != self._impairments:
            logger.warning("impaired", extra={"reasons": list(found)})
        elif self._impairments and not found:
            logger.warning("not impaired any more")
        self._impairments = found
