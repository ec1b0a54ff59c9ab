"""Instance staff and their tokens."""

from typing import Final

from sqlalchemy import delete, insert, select, update

from core.domain.errors import UnknownStaffToken
from core.domain.instance.staff import StaffMember, StaffToken
from core.store.sql.engine.connection import Executor
from core.store.sql.schema.columns import EntityMap
from core.store.sql.schema.tables.instance import staff, staff_tokens

_MEMBER: Final = EntityMap(StaffMember, staff)
_TOKEN: Final = EntityMap(StaffToken, staff_tokens)
_TOKEN_AT: Final = len(_MEMBER.columns)


class SqlStaff:
    """The `StaffWriter` on SQL; the store shows its reading half."""

    __slots__ = ("_db",)

    def __init__(self, db: Executor) -> None:
        self._db = db

    async def find(self, user_id: int) -> StaffMember | None:
        row = await self._db.fetch_one(select(*_MEMBER.columns).where(staff.c.user_id == user_id))
        return None if row is None else _MEMBER.entity(row)

    async def find_by_token(self, token_hash: bytes) -> tuple[StaffMember, StaffToken] | None:
        statement = select(*_MEMBER.columns, *_TOKEN.columns).join(
            staff_tokens, staff_tokens.c.user_id == staff.c.user_id
        )
        row = await self._db.fetch_one(statement.where(staff_tokens.c.token_hash == token_hash))
        return None if row is None else (_MEMBER.entity(row), _TOKEN.entity(row, _TOKEN_AT))

    async def list_all(self) -> list[StaffMember]:
        rows = await self._db.fetch_all(select(*_MEMBER.columns).order_by(staff.c.user_id))
        return [_MEMBER.entity(row) for row in rows]

    async def list_tokens(self, user_id: int) -> list[StaffToken]:
        statement = select(*_TOKEN.columns).where(staff_tokens.c.user_id == user_id).order_by(staff_tokens.c.id)
        return [_TOKEN.entity(row) for row in await self._db.fetch_all(statement)]

    async def put(self, member: StaffMember) -> None:
        changed = update(staff).where(staff.c.user_id == member.user_id).values(role=member.role)
        if not await self._db.execute(changed):
            await self._db.execute(insert(staff), _MEMBER.values(member))

    async def remove(self, user_id: int) -> None:
        await self._db.execute(delete(staff).where(staff.c.user_id == user_id))

    async def add_token(self, token: StaffToken) -> None:
        await self._db.execute(insert(staff_tokens), _TOKEN.values(token))

    async def delete_token(self, token_id: int, user_id: int) -> None:
        statement = delete(staff_tokens).where(staff_tokens.c.id == token_id, staff_tokens.c.user_id == user_id)
        if not await self._db.execute(statement):
            raise UnknownStaffToken

    async def delete_tokens_of(self, user_id: int) -> None:
        await self._db.execute(delete(staff_tokens).where(staff_tokens.c.user_id == user_id))
