"""The part of a store's writer that runs functions, for aggregates that are not in units of work."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, TypeVar

from core.store.sql.engine.connection import Executor
from core.wire.envelope import Envelope

T = TypeVar("T")


class Writing(Protocol):
    """A writer of either database."""

    async def run_errand(self, work: Callable[[Executor], Awaitable[tuple[T, Sequence[Envelope]]]]) -> T:
        """Run the function as a transaction of its own and wait for the commit. Raises Unavailable, OutcomeUnknown."""
