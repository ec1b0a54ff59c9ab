"""A sender's repeats: requests with the same author, channel and nonce make one message and get equal answers.

The store decides: `MessageStore.add` knows nonces for an hour, atomically. A process knows more by itself:

- Concurrent repeats share one flight, so limits count a burst of them as one message.
- A nonce that this process has stored is remembered for a while, so limits do not hold up a late repeat.
- A message from before a restart, or of another process, may have been stored without a dispatch to any session. Its
  event is published again under the message's id, by which actors know the events that they have applied.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, Generic, TypeVar

from cachetools import FIFOCache

from core.domain.ids import created_ms

NONCE_MS: Final = 60 * 60 * 1000
"""The time for which the store knows a nonce."""
MAX_REMEMBERED: Final = 16_384
"""A few MiB. A repeat of a forgotten nonce just counts for limits again."""

_PROCESS_BITS: Final = 0x3FF << 12
"""The bits of worker and process in a snowflake."""

NonceKey = tuple[int, int, str]
"""Author, channel, nonce."""

T = TypeVar("T")


class Nonces(Generic[T]):
    """The nonces of a process. T is the result of a flight."""

    __slots__ = ("_first_id", "_flights", "_republished", "_stored")

    def __init__(self, *, first_id: int) -> None:
        """`first_id` is a snowflake made when the process started: its own messages have larger ones."""
        self._first_id = first_id
        self._flights: dict[NonceKey, asyncio.Future[T | None]] = {}
        self._stored: FIFOCache[NonceKey, int] = FIFOCache(MAX_REMEMBERED)
        self._republished: FIFOCache[int, None] = FIFOCache(MAX_REMEMBERED)

    async def share(self, key: NonceKey, send: Callable[[], Awaitable[T]]) -> tuple[T, bool]:
        """Return the result of `send`, and whether this caller ran it.

        When it fails, the other callers try for themselves, one after the other, and get their own errors.
        """
        while (flight := self._flights.get(key)) is not None:
            shared = await asyncio.shield(flight)
            if shared is not None:
                return shared, False
        flight = asyncio.get_running_loop().create_future()
        self._flights[key] = flight
        outcome = None
        try:
            outcome = await send()
        finally:
            del self._flights[key]
            flight.set_result(outcome)
        return outcome, True

    def remember(self, key: NonceKey, message_id: int) -> None:
        """Remember that the nonce is stored, with this message."""
        self._stored[key] = message_id

    def is_stored(self, key: NonceKey, now_ms: int) -> bool:
        """Tell whether this process remembers that the store knows the nonce."""
        message_id = self._stored.get(key)
        return message_id is not None and now_ms < created_ms(message_id) + NONCE_MS

    def claim_republication(self, message_id: int) -> bool:
        """Tell whether to publish the event again: once, and only if this process did not make the message."""
        is_own = message_id >= self._first_id and (message_id ^ self._first_id) & _PROCESS_BITS == 0
        if is_own or message_id in self._republished:
            return False
        self._republished[message_id] = None
        return True
