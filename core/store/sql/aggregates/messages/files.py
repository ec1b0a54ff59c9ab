"""The rows of files."""

from collections.abc import Collection, Sequence
from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, Integer, Update, bindparam, delete, func, insert, select, update

from core.domain.messages.attachment import FileState, StoredFile
from core.store.sql.engine.connection import Executor
from core.store.sql.engine.query import Query
from core.store.sql.schema.columns import EntityMap
from core.store.sql.schema.tables.files import files

_FILE = EntityMap(StoredFile, files)
_SELECT = select(*_FILE.columns)
_FIND = Query(_SELECT.where(files.c.id == bindparam("file_id")))
_LIMIT = bindparam("limit", type_=Integer)
_EXPIRED = Query(
    _SELECT.where(files.c.message_id == 0, files.c.expires_ms < bindparam("now_ms", type_=BigInteger)).limit(_LIMIT)
)
_AFTER = Query(_SELECT.where(files.c.id > bindparam("file_id")).order_by(files.c.id).limit(_LIMIT))
_WAITING: Final = (int(FileState.EXPECTED), int(FileState.ARRIVING), int(FileState.STORED))
_GIVEN_UP: Final = {"state": int(FileState.GONE), "message_id": 0, "expires_ms": 0}


class SqlFiles:
    """The `FileWriter` on SQL; the store shows its reading half."""

    __slots__ = ("_db",)

    def __init__(self, db: Executor) -> None:
        self._db = db

    async def find(self, file_id: int) -> StoredFile | None:
        rows = await self._db.query(_FIND, file_id=file_id)
        return _FILE.entity(rows[0]) if rows else None

    async def list_expired(self, *, now_ms: int, limit: int) -> list[StoredFile]:
        return [_FILE.entity(row) for row in await self._db.query(_EXPIRED, now_ms=now_ms, limit=limit)]

    async def list_after(self, file_id: int, *, limit: int) -> list[StoredFile]:
        return [_FILE.entity(row) for row in await self._db.query(_AFTER, file_id=file_id, limit=limit)]

    async def list_of_messages(self, message_ids: Collection[int]) -> list[StoredFile]:
        statement = _SELECT.where(files.c.message_id.in_(message_ids))
        return [_FILE.entity(row) for row in await self._db.fetch_all(statement)]

    async def measure_waiting(self, user_id: int) -> tuple[int, int]:
        is_waiting = files.c.user_id == user_id, files.c.message_id == 0, files.c.state.in_(_WAITING)
        statement = select(func.count(), func.coalesce(func.sum(files.c.size), 0)).where(*is_waiting)
        row = await self._db.fetch_one(statement)
        return (0, 0) if row is None else (int(row[0]), int(row[1]))

    async def measure(self, *, user_id: int = 0, guild_id: int = 0) -> int:
        is_whose = files.c.user_id == user_id if user_id else files.c.guild_id == guild_id
        row = await self._db.fetch_one(select(func.coalesce(func.sum(files.c.size), 0)).where(is_whose))
        return 0 if row is None else int(row[0])

    async def add(self, files_: Sequence[StoredFile]) -> None:
        for file in files_:
            await self._db.execute(insert(files), _FILE.values(file))

    async def begin(self, file_id: int) -> bool:
        return await self._pass_on(file_id, FileState.EXPECTED, {"state": int(FileState.ARRIVING)})

    async def expect_again(self, file_id: int) -> None:
        await self._pass_on(file_id, FileState.ARRIVING, {"state": int(FileState.EXPECTED)})

    async def store(self, file: StoredFile) -> bool:
        found = ("content_type", "size", "width", "height", "expires_ms")
        values = {"state": int(FileState.STORED), **{name: getattr(file, name) for name in found}}
        return await self._pass_on(file.id, FileState.ARRIVING, values)

    async def claim(
        self, file_ids: Collection[int], *, user_id: int, channel_id: int, expires_ms: int, message_id: int = 0
    ) -> list[StoredFile]:
        is_free = (
            files.c.id.in_(file_ids),
            files.c.state == int(FileState.STORED),
            files.c.user_id == user_id,
            files.c.channel_id == channel_id,
        )
        values = {"state": int(FileState.CLAIMED), "expires_ms": expires_ms, "message_id": message_id}
        return await self._change(update(files).where(*is_free).values(values))

    async def release(self, file_ids: Collection[int]) -> None:
        is_claimed = files.c.id.in_(file_ids), files.c.state == int(FileState.CLAIMED)
        await self._db.execute(update(files).where(*is_claimed).values(state=int(FileState.STORED), message_id=0))

    async def use(self, file_ids: Collection[int], *, message_id: int) -> None:
        is_claimed = files.c.id.in_(file_ids), files.c.state == int(FileState.CLAIMED)
        values = {"state": int(FileState.USED), "message_id": message_id}
        await self._db.execute(update(files).where(*is_claimed).values(values))

    async def retire(self, file_ids: Collection[int], *, unused_since_ms: int | None = None) -> list[StoredFile]:
        is_theirs: list[ColumnElement[bool]] = [files.c.id.in_(file_ids)]
        if unused_since_ms is not None:
            is_theirs += [files.c.message_id == 0, files.c.expires_ms < unused_since_ms]
        return await self._change(update(files).where(*is_theirs).values(_GIVEN_UP))

    async def delete(self, file_ids: Collection[int]) -> None:
        is_gone = files.c.id.in_(file_ids), files.c.state == int(FileState.GONE)
        await self._db.execute(delete(files).where(*is_gone))

    async def _pass_on(self, file_id: int, before: FileState, values: dict[str, Any]) -> bool:
        is_there = files.c.id == file_id, files.c.state == int(before)
        return bool(await self._db.execute(update(files).where(*is_there).values(values)))

    async def _change(self, statement: Update) -> list[StoredFile]:
        rows = await self._db.fetch_all(statement.returning(*_FILE.columns))
        return [_FILE.entity(row) for row in rows]
