"""A sender's repeats: requests with the same author, channel and nonce make one message and get equal answers.

The store is what decides (`MessageStore.add` knows nonces for an hour, atomically). On top of it stands what a process
knows by itself:

- Requests that are under way at once share one flight, so a burst of repeats is one message for limits too.
- A nonce that this process has stored is remembered for a while, so a late repeat is not held up by limits either.
- A message of an earlier life of the process, or of another process, may have been stored without ever being dispatched to
  a session: its event is published again, under the message's id, by which actors know what they have applied already.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, Generic, TypeVar

from cachetools import FIFOCache

from core.domain.ids import created_ms

NONCE_MS: Final = 60 * 60 * 1000
"""How long the store knows a nonce."""
MAX_REMEMBERED: Final = 16_384
"""A few MiB; what is forgotten only counts for limits again."""

_PROCESS_BITS: Final = 0x3FF << 12
"""Worker and process in a snowflake."""

NonceKey = tuple[int, int, str]
"""Author, channel, nonce."""

T = TypeVar("T")


class Nonces(Generic[T]):
    """The nonces of a process; T is what a flight leads to."""

    __slots__ = ("_first_id", "_flights", "_republished", "_stored")

    def __init__(self, *, first_id: int) -> None:
        """`first_id` is a snowflake made when the process started: its own messages have larger ones."""
        self._first_id = first_id
        self._flights: dict[NonceKey, asyncio.Future[T | None]] = {}
        self._stored: FIFOCache[NonceKey, int] = FIFOCache(MAX_REMEMBERED)
        self._republished: FIFOCache[int, None] = FIFOCache(MAX_REMEMBERED)

    async def share(self, key: NonceKey, send: Callable[[], Awaitable[T]]) -> tuple[T, bool]:
        """What `send` leads to, and whether it was this caller who ran it.

        When the one who ran it fails, the others try for themselves, one after the other, and get their own errors.
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
        """The nonce is stored, as this message."""
        self._stored[key] = message_id

    def is_stored(self, key: NonceKey, now_ms: int) -> bool:
        """Whether this process knows that the store knows the nonce."""
        message_id = self._stored.get(key)
        return message_id is not None and now_ms < created_ms(message_id) + NONCE_MS

    def claim_republication(self, message_id: int) -> bool:
        """Whether the message's event should be published again: once, and only when this process did not do it first."""
        is_own = message_id >= self._first_id and (message_id ^ self._first_id) & _PROCESS_BITS == 0
        if is_own or message_id in self._republished:
            return False
        self._republished[message_id] = None
        return True
