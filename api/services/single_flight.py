"""A bounded cache of things that are loaded, in which concurrent misses of one key load once.

Dropping a key also disowns a load that is under way: whoever asked before the drop still gets its result, but it is not
kept, and whoever asks afterwards loads anew. So a value is never served to a caller who came after the change that made
it old. No tasks are started: the first caller loads for the others; when it is cancelled, the next one takes over.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping
from typing import Generic, TypeVar

from cachetools import LRUCache

from core.domain.errors import NotFound

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class SingleFlight(Generic[K, V]):
    """Least recently used values go first when there are more than `capacity`."""

    __slots__ = ("_flights", "_load", "_values")

    def __init__(self, load: Callable[[K], Awaitable[V]], *, capacity: int) -> None:
        self._load = load
        self._values: LRUCache[K, V] = LRUCache(capacity)
        self._flights: dict[K, asyncio.Future[V]] = {}

    def find_cached(self, key: K) -> V | None:
        """The value, if it is there already, which is then the last one to go. A caller who finds it saves a coroutine."""
        return self._values.get(key)

    async def get(self, key: K) -> V:
        """The value, loaded when need be. What `load` raises is raised here and not kept."""
        while True:
            if key in self._values:
                return self._values[key]
            flight = self._flights.get(key)
            if flight is None:
                return await self._fly(key)
            try:
                return await asyncio.shield(flight)
            except asyncio.CancelledError:
                if not flight.cancelled():
                    raise

    async def get_many(self, keys: Iterable[K], load_many: Callable[[list[K]], Awaitable[Mapping[K, V]]]) -> dict[K, V]:
        """The values of those keys that have one; those that are not cached are loaded together."""
        found: dict[K, V] = {}
        flights: dict[K, asyncio.Future[V]] = {}
        shared: list[K] = []
        for key in keys:
            if key in self._values:
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

    def drop(self, key: K) -> None:
        """Forget the value, and what is being loaded."""
        self._values.pop(key, None)
        self._flights.pop(key, None)

    def disown(self, key: K) -> None:
        """Forget what is being loaded, but keep the value."""
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
                flight.exception()  # somebody looked: no complaint when nobody else waits
            raise
        if self._land(key, flight):
            self._values[key] = value
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
                    flight.cancel()  # whoever waits for this one alone looks for itself
                    continue
                if is_wanted:
                    self._values[key] = loaded[key]
                flight.set_result(loaded[key])
        return loaded

    def _land(self, key: K, flight: asyncio.Future[V]) -> bool:
        """Whether the flight was still wanted."""
        if self._flights.get(key) is not flight:
            return False
        del self._flights[key]
        return True
