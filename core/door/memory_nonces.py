"""The nonces of one process: of messages that are being stored, and of messages that were stored a short while ago.

A repeat waits for the message that has the nonce. When that one is stored, the repeat is answered by it; when it has
failed, the first of those that wait has the nonce next, and the others wait for it in turn. The store knows nonces
beyond the life of a process, and has the last word.
"""

import asyncio
from typing import Final

from cachetools import FIFOCache

from core.domain.ids import created_ms
from core.runtime.clock import Clock

NONCE_MS: Final = 60 * 60 * 1000
"""The time for which a nonce counts; the store's is the same."""
MAX_REMEMBERED: Final = 16_384
"""A few MiB. A repeat of a forgotten nonce counts for limits again, and the store answers it."""

NonceKey = tuple[int, int, str]
"""Author, channel, nonce."""


class MemoryNonces:
    """Who has which nonce."""

    __slots__ = ("_clock", "_stored", "_under_way")

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._under_way: dict[NonceKey, asyncio.Future[int]] = {}
        """The outcomes of messages that are being stored: the first message's id, 0 for one that has failed."""
        self._stored: FIFOCache[NonceKey, int] = FIFOCache(MAX_REMEMBERED)

    async def find_first(self, key: NonceKey) -> int:
        """Return the id of the message that has the nonce, once it is stored; 0 when none has it.

        For 0 the caller must call `begin` before it awaits anything, or leave the nonce to others.
        """
        while (under_way := self._under_way.get(key)) is not None:
            first_id = await asyncio.shield(under_way)
            if first_id:
                return first_id
        first_id = self._stored.get(key, 0)
        return first_id if self._clock.now_ms() < created_ms(first_id) + NONCE_MS else 0

    def begin(self, key: NonceKey) -> None:
        """Give the nonce to a message that is about to be stored."""
        self._under_way[key] = asyncio.get_running_loop().create_future()

    def end(self, key: NonceKey, first_id: int) -> None:
        """Tell those that wait which message has the nonce, or by 0 that storing has failed."""
        if first_id:
            self._stored[key] = first_id
        self._under_way.pop(key).set_result(first_id)
