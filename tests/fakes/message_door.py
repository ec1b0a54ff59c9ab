"""The doors of all channels from inside, in memory, as one process and as the sweep see them."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial

from core.domain.errors import OutcomeUnknown, Unavailable
from core.door.opened import OpeningGone
from core.door.pending import Orphan, Pending, PendingKind
from core.wire.envelope import Envelope

_FIRST_CHANGE = 1 << 60
"""Openings of changes have ids that no message has."""


class FakeMessageDoor:
    """A `MessageDoor`, and the `Orphans` of it."""

    def __init__(self) -> None:
        self.open: dict[int, Orphan] = {}
        self.left: set[int] = set()
        self.taken: set[int] = set()
        """The openings that the sweep alone ends."""
        self.told: list[Envelope] = []
        self._held: dict[int, Sequence[Envelope]] = {}
        """The events of ended openings that wait for earlier ones of their channels."""
        self.is_away = False
        self._later: list[Callable[[], Awaitable[None]]] = []
        self._changes = 0

    def enter(self, channel_id: int, message_id: int, guild_id: int = 0) -> None:
        """Let a message in."""
        self.open[message_id] = Orphan(message_id, channel_id, Pending(PendingKind.MESSAGE, guild_id))

    def forget(self) -> None:
        """Lose all openings, as a server that begins empty does."""
        self.open.clear()

    async def open_change(self, channel_id: int, pending: Pending) -> int:
        """Let a change in."""
        self._changes += 1
        opened_id = _FIRST_CHANGE + self._changes
        self.open[opened_id] = Orphan(opened_id, channel_id, pending)
        return opened_id

    async def wait_turn(self, opened_id: int) -> None:
        """A test makes one change after the other."""

    async def close(
        self, opened_id: int, envelopes: Sequence[Envelope], undo: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        """End an opening by its events."""
        if self.is_away:
            self.left.add(opened_id)
            self._later.append(partial(self.close, opened_id, envelopes, undo))
            raise OutcomeUnknown
        if opened_id in self.taken & self.open.keys():
            raise OutcomeUnknown
        if opened_id in self.open:
            self._end(opened_id, envelopes)
        elif all(told.id not in {opened_id, *(each.id for each in envelopes)} for told in self.told):
            if undo is not None:
                await self._undo(undo)
            raise OpeningGone

    async def end_later(self) -> None:
        """Make the calls again that could not be made at their time, each once."""
        later, self._later = self._later, []
        for call in later:
            with suppress(OpeningGone):
                await call()

    async def _undo(self, undo: Callable[[], Awaitable[None]]) -> None:
        try:
            await undo()
        except Unavailable:
            self._later.append(undo)

    async def abort(self, opened_id: int) -> None:
        """End an opening without an event."""
        if opened_id in self.open and opened_id not in self.taken:
            self._end(opened_id, ())

    async def leave(self, opened_id: int) -> None:
        """Leave an opening to the sweep."""
        self.left.add(opened_id)

    async def list_orphans(self, *, is_full: bool = False) -> list[Orphan]:
        """Return all openings: whose they are, a test decides."""
        return list(self.open.values())

    async def take(self, orphan: Orphan) -> bool:
        """Let the sweep alone end an opening; return whether it was open until now."""
        self.taken.add(orphan.id)
        return orphan.id in self.open

    async def close_orphan(self, orphan: Orphan, envelopes: Sequence[Envelope]) -> bool:
        """End an opening by its events; return whether it was open until now."""
        is_open = orphan.id in self.open
        if is_open:
            self._end(orphan.id, envelopes)
        return is_open

    async def abort_orphan(self, orphan: Orphan) -> bool:
        """End an opening without an event."""
        is_open = orphan.id in self.open
        if is_open:
            self._end(orphan.id, ())
        return is_open

    def _end(self, opened_id: int, envelopes: Sequence[Envelope]) -> None:
        """Note the events, and tell those that wait for no earlier opening of the channel any more."""
        self._held[opened_id] = envelopes
        channel_id = self.open[opened_id].channel_id
        for opening in [opening for opening in self.open.values() if opening.channel_id == channel_id]:
            if opening.id not in self._held:
                return
            del self.open[opening.id]
            self.told.extend(self._held.pop(opening.id))
