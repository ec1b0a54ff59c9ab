"""The limits that staff has set, kept in this process as the database has them.

```
 another process: unit of work ─→ its rows and LIMITS_CHANGED ─→ this process's bus ─→ `CurrentLimits`
 start, or lost events:                        the database ─→ read ────────────────────────↑
```

The event carries the limits, so they hold from the moment at which this process has heard of it. A limit that this
version does not know, or that it bounds otherwise, is told in the log, and the settings say it.
"""

import asyncio
import logging
from typing import Final

import msgspec

from core.bus.interfaces import Bus, Delivery
from core.domain.errors import Unavailable
from core.domain.events import LIMITS_CHANGED
from core.runtime.settings.current_limits import CurrentLimits, LimitValues, WrongLimit
from core.store.aggregates.instance.limits import LimitReader
from core.wire.internal_events import parse_limits

logger = logging.getLogger(__name__)

_RETRY_S: Final = 1.0


class LimitsKeeper:
    """Puts what is set into `CurrentLimits`."""

    __slots__ = ("_bus", "_current", "_heard", "_is_old", "_limits")

    def __init__(self, *, current: CurrentLimits, limits: LimitReader, bus: Bus) -> None:
        self._bus = bus
        self._current = current
        self._limits = limits
        self._heard = 0
        """The events that have come. One that comes during a read is newer than what is read."""
        self._is_old = asyncio.Event()
        self._is_old.set()
        bus.subscribe(self._on_delivery)

    def forget_all(self) -> None:
        """Read everything again: events may be lost. Until then the limits that were known hold."""
        self._is_old.set()

    async def run(self) -> None:
        """Read at the start, and whenever events may be lost, until cancelled."""
        while True:
            await self._is_old.wait()
            self._is_old.clear()
            try:
                await self._bus.wait_for_newest()  # what is told from here on is heard
                await self.read()
            except Unavailable as error:
                logger.warning("the limits that staff has set were not read", extra={"reason": error.text})
                self._is_old.set()
                await asyncio.sleep(_RETRY_S)

    async def read(self) -> None:
        """Read what is set. Raises Unavailable."""
        heard = self._heard
        values = await self._limits.find_set()
        if self._heard == heard:
            self._put(values)

    def _on_delivery(self, delivery: Delivery) -> None:
        envelope = delivery.envelope
        if envelope.event != LIMITS_CHANGED:
            return
        try:
            values = parse_limits(envelope.payload)
        except msgspec.MsgspecError:
            logger.exception("an event has an unreadable payload", extra={"event": envelope.event})
            return
        self._heard += 1
        self._put(values)

    def _put(self, values: LimitValues) -> None:
        good = dict(values)
        for name, value in values.items():
            try:
                self._current.check(name, value)
            except WrongLimit as error:
                logger.warning("a limit that staff has set is of no use", extra={"limit": name, "reason": error.reason})
                del good[name]
        if good != self._current.changed:
            self._current.put(good)
            logger.info("limits have changed", extra={"limits": good})
