"""Edits, which are conditional writes against a version.

After a try whose outcome is not known the row is read at serial consistency, which ends what was left half done. When
it then has the next version and the values of this edit, the edit has been applied: another edit with the same values
would have done the same. A later version hides the edit, so that its author has to look again, as after any lost race.
"""

from typing import Any

import msgspec

from core.domain.errors import Unavailable, UnknownMessage
from core.domain.messages.message import Message
from core.store.aggregates.changes import Changes
from core.store.cassandra.columns import decode_message, encode_changes, place_of
from core.store.cassandra.session import CassandraSession
from core.store.cassandra.statements import FIND, FIND_DECIDED, UPDATE, Statement
from core.store.cassandra.tries import TryLimit
from core.store.cassandra.turns import Turns


class Edits:
    """Edits over one session."""

    __slots__ = ("_limit", "_session", "_turns")

    def __init__(self, *, session: CassandraSession, limit: TryLimit, turns: Turns) -> None:
        self._session = session
        self._turns = turns
        self._limit = limit

    async def update(
        self, channel_id: int, message_id: int, changes: Changes, *, expected_version: int
    ) -> Message | None:
        """Apply an edit, as `MessageRows.update` says."""
        edit = {**changes, "version": expected_version + 1}
        tries = self._limit.begin()
        while True:
            try:
                statement = FIND_DECIDED if tries.is_unknown else FIND
                message = await self._find(statement, channel_id, message_id)
                if message is None:
                    raise UnknownMessage
                edited = msgspec.structs.replace(message, **edit)
                if tries.is_unknown and message == edited:
                    return message
                if message.version != expected_version:
                    return None
                is_applied = await self._write(channel_id, message_id, edit, expected_version)
            except Unavailable as error:
                await tries.rest_after(error)
            else:
                return edited if is_applied else None

    async def raise_version(self, channel_id: int, message_id: int, *, expected_version: int) -> Message | None:
        """Make what is under way fail, as `MessageRows.raise_version` says."""
        tries = self._limit.begin()
        while True:
            try:
                message = await self._find(FIND_DECIDED, channel_id, message_id)
                if message is None or message.version != expected_version:
                    return message
                await self._write(channel_id, message_id, {"version": expected_version + 1}, expected_version)
            except UnknownMessage:
                return None
            except Unavailable as error:
                await tries.rest_after(error)

    async def _find(self, statement: Statement, channel_id: int, message_id: int) -> Message | None:
        rows = await self._session.run(statement, *place_of(channel_id, message_id))
        return decode_message(rows[0]) if rows else None

    async def _write(self, channel_id: int, message_id: int, edit: dict[str, Any], expected_version: int) -> bool:
        """Return whether the edit was applied. Raises UnknownMessage when there is no row.

        The answer says whether it was, and, when it was not and there is a row, which version that has.
        """
        place = place_of(channel_id, message_id)
        async with self._turns.taken((place[0], place[1])):
            rows = await self._session.run(UPDATE, *encode_changes(edit), *place, expected_version)
        is_applied, *found = rows[0]
        if not is_applied and found in ([], [None]):
            raise UnknownMessage
        return bool(is_applied)
