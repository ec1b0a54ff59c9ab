"""Applications, and the numbers of their bots' guilds."""

from sqlalchemy import bindparam, func, insert, select, update

from core.domain.application import Application
from core.domain.errors import UnknownApplication
from core.store.aggregates.changes import Changes
from core.store.sql.engine.connection import Executor
from core.store.sql.engine.query import Query
from core.store.sql.schema.columns import EntityMap
from core.store.sql.schema.tables.applications import applications
from core.store.sql.schema.tables.members import members

APPLICATION = EntityMap(Application, applications)
_SELECT = select(*APPLICATION.columns)
_FIND = Query(_SELECT.where(applications.c.id == bindparam("application_id")))
_FIND_BY_BOT = Query(_SELECT.where(applications.c.bot_id == bindparam("bot_id")))


class SqlApplications:
    """The `ApplicationWriter` on SQL; the store shows its reading half."""

    __slots__ = ("_db",)

    def __init__(self, db: Executor) -> None:
        self._db = db

    async def find(self, application_id: int) -> Application | None:
        rows = await self._db.query(_FIND, application_id=application_id)
        return APPLICATION.entity(rows[0]) if rows else None

    async def find_by_bot(self, bot_id: int) -> Application | None:
        rows = await self._db.query(_FIND_BY_BOT, bot_id=bot_id)
        return APPLICATION.entity(rows[0]) if rows else None

    async def list_by_owner(self, owner_id: int) -> list[Application]:
        rows = await self._db.fetch_all(_SELECT.where(applications.c.owner_id == owner_id).order_by(applications.c.id))
        return [APPLICATION.entity(row) for row in rows]

    async def count_guilds(self, bot_id: int) -> int:
        row = await self._db.fetch_one(select(func.count()).where(members.c.user_id == bot_id))
        return 0 if row is None else int(row[0])

    async def list_in_guild(self, guild_id: int) -> list[Application]:
        statement = _SELECT.join(members, members.c.user_id == applications.c.bot_id)
        rows = await self._db.fetch_all(statement.where(members.c.guild_id == guild_id).order_by(applications.c.id))
        return [APPLICATION.entity(row) for row in rows]

    async def create(self, application: Application) -> None:
        await self._db.execute(insert(applications), APPLICATION.values(application))

    async def update(self, application_id: int, changes: Changes) -> Application:
        if not changes:
            application = await self.find(application_id)
            if application is None:
                raise UnknownApplication
            return application
        statement = update(applications).where(applications.c.id == application_id).values(dict(changes))
        row = await self._db.fetch_one(statement.returning(*APPLICATION.columns))
        if row is None:
            raise UnknownApplication
        return APPLICATION.entity(row)
