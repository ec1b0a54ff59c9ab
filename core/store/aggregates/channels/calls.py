"""Calls in private channels. A unit of work names the recipients of the channel."""

from typing import Protocol

from core.domain.channels.call import Call


class CallReader(Protocol):
    async def find(self, channel_id: int) -> Call | None: ...

    async def list_overdue(self, *, now_ms: int, limit: int) -> list[Call]:
        """Return calls that are over, or ring somebody whose time is, the longest overdue first."""


class CallWriter(CallReader, Protocol):
    async def put(self, call: Call) -> None:
        """Set the call of its channel."""

    async def remove(self, channel_id: int) -> Call | None:
        """Remove the call, and return it. None when there was none."""
