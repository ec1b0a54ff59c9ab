"""The limits of the instance that staff has set."""

from collections.abc import Mapping
from typing import Protocol


class LimitReader(Protocol):
    async def find_set(self) -> Mapping[str, bool | int | float]:
        """Return the limits that staff has set, by the names of their settings; the settings say all others."""


class LimitWriter(LimitReader, Protocol):
    async def put(self, limits: Mapping[str, bool | int | float]) -> None:
        """Keep these, and no others."""
