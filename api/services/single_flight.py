"""A bounded read-through cache, in which concurrent misses of one key load once.

A drop of a key also disowns a load in flight: callers from before the drop still get its result, but it is not kept,
and later callers load again. So no caller gets a value that is older than a change before its call. No tasks are
started: the first caller loads for the others, and when it is cancelled, the next one takes over.

A send looks into some ten of these caches. So they are an `OrderedDict`, which is in C: a hit costs half of one in a
bounded mapping that is in Python.
"""

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping
from typing import Generic, TypeVar

from core.domain.errors import NotFound

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class SingleFlight(Generic[K, V]):
    """An LRU cache of at most `capacity` values, loaded by a callable."""

    __slots__ = ("_capacity", "_flights", "_load", "_values")

    def __init__(self, load: Callable[[K], Awaitable[V]], *, capacity: int) -> None:
        self._load = load
        self._capacity = capacity
        self._values: OrderedDict[K, V] = OrderedDict()
        """The values, the one that was used last at the end."""
        self._flights: dict[K, asyncio.Future[V]] = {}

    def find_cached(self, key: K) -> V | None:
        """Return the value if it is cached, and mark it as used. A hit saves the caller a coroutine."""
        values = self._values
        if key not in values:
            return None
        values.move_to_end(key)
        return values[key]

    async def get(self, key: K) -> V:
        """Return the value, loaded on a miss. An error of `load` is raised here and not kept."""
        values = self._values
        if key in values:
            values.move_to_end(key)
            return values[key]
        return await self.renew(key)

    async def renew(self, key: K) -> V:
        """Return the value of a load, one in flight or a new one, whether it is cached or not."""
        while True:
            flight = self._flights.get(key)
            if flight is None:
                return await self._fly(key)
            try:
                return await asyncio.shield(flight)
            except asyncio.CancelledError:
                if not flight.cancelled() or _is_cancelled_itself():
                    raise

    async def get_many(self, keys: Iterable[K], load_many: Callable[[list[K]], Awaitable[Mapping[K, V]]]) -> dict[K, V]:
        """Return the values of those keys that have one. The misses are loaded together."""
        found: dict[K, V] = {}
        flights: dict[K, asyncio.Future[V]] = {}
        shared: list[K] = []
        for key in keys:
            if key in self._values:
                self._values.move_to_end(key)
                found[key] = self._values[key]
            elif key in self._flights and key not in flights:
                shared.append(key)
            elif key not in flights:
                self._flights[key] = flights[key] = asyncio.get_running_loop().create_future()
        if flights:
            found.update(await self._fly_together(flights, load_many))
        for key in shared:
            with contextlib.suppress(NotFound):
                found[key] = await self.get(key)
        return found

    def replace(self, key: K, value: V) -> None:
        """Put a newer value in the place of the cached one, if there is one, and disown a load in flight."""
        if key in self._values:
            self._keep(key, value)
        self._flights.pop(key, None)

    def drop(self, key: K) -> None:
        """Forget the value, and disown a load in flight."""
        self._values.pop(key, None)
        self._flights.pop(key, None)

    def disown(self, key: K) -> None:
        """Disown a load in flight, but keep the value."""
        self._flights.pop(key, None)

    def clear(self) -> None:
        """Forget everything."""
        self._values.clear()
        self._flights.clear()

    async def _fly(self, key: K) -> V:
        flight: asyncio.Future[V] = asyncio.get_running_loop().create_future()
        self._flights[key] = flight
        try:
            value = await self._load(key)
        except BaseException as error:
            self._land(key, flight)
            if isinstance(error, asyncio.CancelledError):
                flight.cancel()
            else:
                flight.set_exception(error)
                flight.exception()  # retrieved, so that asyncio does not log it when no other caller waits
            raise
        if self._land(key, flight):
            self._keep(key, value)
        flight.set_result(value)
        return value

    async def _fly_together(
        self, flights: dict[K, "asyncio.Future[V]"], load_many: Callable[[list[K]], Awaitable[Mapping[K, V]]]
    ) -> Mapping[K, V]:
        loaded: Mapping[K, V] = {}
        try:
            loaded = await load_many(list(flights))
        finally:
            for key, flight in flights.items():
                is_wanted = self._land(key, flight)
                if key not in loaded:
                    flight.cancel()  # a caller that waits for this key loads it itself
                    continue
                if is_wanted:
                    self._keep(key, loaded[key])
                flight.set_result(loaded[key])
        return loaded

    def _keep(self, key: K, value: V) -> None:
        values = self._values
        values[key] = value
        values.move_to_end(key)
        if len(values) > self._capacity:
            values.popitem(last=False)

    def _land(self, key: K, flight: asyncio.Future[V]) -> bool:
        """Tell whether the flight was still wanted."""
        if self._flights.get(key) is not flight:
            return False
        del self._flights[key]
        return True


def _is_cancelled_itself() -> bool:
    """Tell whether the caller's own task is to end, and not only the one that has loaded. At a stop both are."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
