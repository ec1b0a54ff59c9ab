"""A store whose reads can be held up, so that tests choose what happens during a read."""

import asyncio
from typing import Any

from core.domain.errors import Unavailable


class Gate:
    """A read that is held up. `reached` is set when it has come; it goes on when it is opened, with or without an
    answer.
    """

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self._opened = asyncio.Event()
        self._error: Unavailable | None = None

    def open(self, *, fails: bool = False, error: Unavailable | None = None) -> None:
        """Let the read go on, or fail with an error."""
        self._error = error or (Unavailable() if fails else None)
        self._opened.set()

    async def passed(self) -> None:
        """Wait for `open`."""
        self.reached.set()
        await self._opened.wait()
        if self._error is not None:
            raise self._error


class GatedStore:
    """Any store. `hold("guilds.load_snapshot")` holds up its next call of that name, before or after the read."""

    def __init__(self, store: Any) -> None:
        self._store = store
        self._gates: dict[str, tuple[Gate, bool]] = {}

    def hold(self, name: str, *, after_reading: bool = False) -> Gate:
        """Hold up the next call."""
        gate = Gate()
        self._gates[name] = (gate, after_reading)
        return gate

    def write(self, **owners: Any) -> Any:
        """Return a unit of work, which is never held up."""
        return self._store.write(**owners)

    def __getattr__(self, aggregate: str) -> Any:
        return _GatedAggregate(aggregate, getattr(self._store, aggregate), self._gates)


class _GatedAggregate:
    def __init__(self, name: str, target: Any, gates: dict[str, tuple[Gate, bool]]) -> None:
        self._name = name
        self._target = target
        self._gates = gates

    def __getattr__(self, method: str) -> Any:
        call = getattr(self._target, method)

        async def gated(*args: Any, **kwargs: Any) -> Any:
            gate, after_reading = self._gates.pop(f"{self._name}.{method}", (None, False))
            if gate is not None and not after_reading:
                await gate.passed()
            result = await call(*args, **kwargs)
            if gate is not None and after_reading:
                await gate.passed()
            return result

        return gated
