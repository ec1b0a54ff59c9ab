"""The relationships of people whose home is here and whose sessions are elsewhere: their friends are told from here."""

import asyncio
from typing import Final

from core.domain.errors import Unavailable
from core.store.interfaces import Store
from gateway.scheduling.tasks import Tasks
from gateway.users.relations import Relations
from gateway.users.user_directory import UserDirectory

_RETRY_S: Final = 1.0
"""The pause before the relationships of a person are read again."""


class KeptRelations:
    """Owns for whom they are kept."""

    __slots__ = ("_kept", "_relations", "_store", "_tasks", "_users")

    def __init__(self, *, relations: Relations, store: Store, tasks: Tasks, users: UserDirectory) -> None:
        self._kept: set[int] = set()
        self._relations = relations
        self._store = store
        self._tasks = tasks
        self._users = users

    def keep(self, user_id: int) -> None:
        """Keep a person's relationships. Friends are told the presence once they are known. Safe to call again."""
        if user_id not in self._kept:
            self._kept.add(user_id)
            self._relations.expect(user_id)
            self._tasks.spawn(self._read(user_id))

    def forget(self, user_id: int) -> None:
        """Keep a person's relationships no more. No error when they are not kept."""
        if user_id in self._kept:
            self._kept.remove(user_id)
            self._relations.forget(user_id)

    async def _read(self, user_id: int) -> None:
        while user_id in self._kept and not self._relations.knows(user_id):
            try:
                rows = await self._store.relationships.list_of(user_id)
            except Unavailable:
                await asyncio.sleep(_RETRY_S)
                continue
            if user_id in self._kept:
                self._relations.know(user_id, rows)
                self._users.shown.tell_all_friends(user_id)
