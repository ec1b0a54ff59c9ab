"""The telling of a change that is stored. When its door has given the opening up, or has forgotten it, nobody has the
event any more, and the change passes the door again, if it still holds then:

    close ─┬─ told
           ├─ gone ──────→ open ─→ does it still hold? ─┬─ close …
           │                                            ├─ abort: whoever has changed it since tells its state
           │                                            └─ not known: left to the sweep of the doors
           └─ no answer ─→ OutcomeUnknown; the door goes on closing, and finds out the same later
"""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

import msgspec

from core.domain.errors import OutcomeUnknown, Unavailable
from core.door.opened import OpeningGone
from core.door.pending import Pending, PendingKind
from core.store.cluster.message_door import MessageDoor
from core.wire.envelope import Envelope


class StoredChange:
    """A change of a message or its reactions."""

    __slots__ = ("_channel_id", "_door", "_envelopes", "_is_told", "_pending", "_still_holds")

    def __init__(
        self,
        *,
        door: MessageDoor,
        channel_id: int,
        pending: Pending,
        envelopes: Sequence[Envelope],
        still_holds: Callable[[Pending], Awaitable[bool]],
    ) -> None:
        """`still_holds` gets what the new opening is for, and tells whether nothing has changed it since; of an edit it
        makes the last one again, by raising the version that the opening names. Raises Unavailable when it cannot tell.
        """
        self._door = door
        self._channel_id = channel_id
        self._pending = pending
        self._envelopes = envelopes
        self._still_holds = still_holds
        self._is_told = False

    async def tell(self, opened_id: int) -> None:
        """End an opening by the events. Raises OutcomeUnknown when they are told later."""
        try:
            await self._door.close(opened_id, self._envelopes, self._pass_again)
        except OpeningGone as error:
            if not self._is_told:
                raise OutcomeUnknown("the change is told later") from error

    async def _pass_again(self) -> None:
        pending = self._pending
        if pending.kind is PendingKind.EDIT:
            pending = msgspec.structs.replace(pending, version=pending.version + 1)
        opened_id = await self._door.open_change(self._channel_id, pending)
        self._pending = pending
        with suppress(OutcomeUnknown):  # somebody has it: the door, or the sweep
            if await self._check(opened_id):
                await self.tell(opened_id)
            else:
                await self._door.abort(opened_id)
            self._is_told = True

    async def _check(self, opened_id: int) -> bool:
        try:
            return await self._still_holds(self._pending)
        except Unavailable as error:
            with suppress(Unavailable):  # the sweep finds it later by its age
                await self._door.leave(opened_id)
            raise OutcomeUnknown from error
