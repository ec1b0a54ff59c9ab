"""All that a process of the API remembers of the store's entities, which can be forgotten at once.

The bus keeps it true. When the bus has lost events, or may have, nothing of it can be trusted.
"""

from collections.abc import Sequence
from typing import Protocol


class Remembering(Protocol):
    """One cache."""

    def forget_all(self) -> None:
        """Drop everything, and what is being loaded."""


class Memory:
    """The caches."""

    __slots__ = ("_caches",)

    def __init__(self, caches: Sequence[Remembering]) -> None:
        self._caches = caches

    def forget_all(self) -> None:
        """Drop everything: each entity is read again when it is needed."""
        for cache in self._caches:
            cache.forget_all()
