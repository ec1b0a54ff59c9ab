"""The wait for events of rows that were read.

A row and the event that announces it come by different ways, and in a cluster from different servers. So a row that was
just read may be newer than the events that have come: a user seems to be a member whose join, or whose leaving and
joining again, is still to be heard of. After this wait the events have come as well. They may still be in the inbox,
which is emptied before what was read is used (`Inbox.flush`).
"""

from core.bus.interfaces import Bus
from core.store.interfaces import Store


class RowWait:
    __slots__ = ("_bus", "_store")

    def __init__(self, *, bus: Bus, store: Store) -> None:
        self._bus = bus
        self._store = store

    async def wait(self) -> None:
        """Wait until the inbox has got all events of the rows that were read before this call.

        Raises:
            Unavailable: when they do not come in time, or the store does not answer.
        """
        await self._bus.wait_for_revisions(await self._store.logins.fetch_revisions())
