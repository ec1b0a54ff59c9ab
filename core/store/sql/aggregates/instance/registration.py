"""Who may register, as staff has set it, and invites to register."""

from typing import Final

from sqlalchemy import delete, insert, or_, select, update

from core.domain.errors import UnknownInvite
from core.domain.instance.registration import RegistrationInvite, RegistrationMode
from core.store.sql.engine.connection import Executor
from core.store.sql.schema.columns import EntityMap
from core.store.sql.schema.tables.instance import instance_settings, registration_invites

_INVITE: Final = EntityMap(RegistrationInvite, registration_invites)
_MODE: Final = "registration"


class SqlRegistration:
    """The `RegistrationWriter` on SQL; the store shows its reading half."""

    __slots__ = ("_db",)

    def __init__(self, db: Executor) -> None:
        self._db = db

    async def find_mode(self) -> RegistrationMode | None:
        statement = select(instance_settings.c.value).where(instance_settings.c.name == _MODE)
        row = await self._db.fetch_one(statement)
        return None if row is None else row[0]

    async def find_invite(self, code: str) -> RegistrationInvite | None:
        statement = select(*_INVITE.columns).where(registration_invites.c.code == code)
        row = await self._db.fetch_one(statement)
        return None if row is None else _INVITE.entity(row)

    async def list_invites(self) -> list[RegistrationInvite]:
        order = (registration_invites.c.created_ms, registration_invites.c.code)
        rows = await self._db.fetch_all(select(*_INVITE.columns).order_by(*order))
        return [_INVITE.entity(row) for row in rows]

    async def set_mode(self, mode: RegistrationMode | None) -> None:
        await self._db.execute(delete(instance_settings).where(instance_settings.c.name == _MODE))
        if mode is not None:
            await self._db.execute(insert(instance_settings), {"name": _MODE, "value": mode})

    async def create_invite(self, invite: RegistrationInvite) -> None:
        await self._db.execute(insert(registration_invites), _INVITE.values(invite))

    async def use_invite(self, code: str, now_ms: int) -> bool:
        invites = registration_invites.c
        is_fresh = or_(invites.expires_ms == 0, invites.expires_ms > now_ms)
        statement = update(registration_invites).where(invites.code == code, invites.uses < invites.max_uses, is_fresh)
        return bool(await self._db.execute(statement.values(uses=invites.uses + 1)))

    async def delete_invite(self, code: str) -> None:
        if not await self._db.execute(delete(registration_invites).where(registration_invites.c.code == code)):
            raise UnknownInvite
