"""The repetition of a write until its outcome is known. Each of its attempts may be made again."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from core.domain.errors import OutcomeUnknown, Unavailable
from core.runtime.clock import Clock

T = TypeVar("T")

PATIENCE_S: Final = 10.0
"""The time after which a write whose outcome is not known is left to the sweep."""
_PAUSE_S: Final = 0.1


async def insist(write: Callable[[], Awaitable[T]], *, clock: Clock, is_unknown: bool = False) -> T:
    """Make a write. `is_unknown`: it was tried before.

    Raises:
        OutcomeUnknown: when it is not known in time.
        DomainError: what the write raises. Unavailable only if no attempt can have changed anything.
    """
    until_s = clock.monotonic_s() + PATIENCE_S
    while True:
        try:
            return await write()
        except Unavailable as error:
            is_unknown = is_unknown or isinstance(error, OutcomeUnknown)
            if not is_unknown:
                raise
            if clock.monotonic_s() >= until_s:
                raise OutcomeUnknown from error
        await asyncio.sleep(_PAUSE_S)
