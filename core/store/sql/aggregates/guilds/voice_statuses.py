"""Statuses of voice channels."""

from sqlalchemy import delete, exists, select

from core.domain.guilds.voice_status import VoiceStatus
from core.store.sql.engine.connection import Executor
from core.store.sql.engine.dialect import Dialect
from core.store.sql.schema.columns import EntityMap
from core.store.sql.schema.tables.voice_states import voice_states
from core.store.sql.schema.tables.voice_statuses import voice_statuses

_STATUS = EntityMap(VoiceStatus, voice_statuses)
_IS_LEFT = ~exists().where(voice_states.c.channel_id == voice_statuses.c.channel_id)


class SqlVoiceStatuses:
    """The `VoiceStatusWriter` on SQL; the store shows its reading half."""

    __slots__ = ("_db", "_dialect")

    def __init__(self, db: Executor, dialect: Dialect) -> None:
        self._db = db
        self._dialect = dialect

    async def list_of_guild(self, guild_id: int) -> list[VoiceStatus]:
        is_it = voice_statuses.c.guild_id == guild_id
        statement = select(*_STATUS.columns).where(is_it).order_by(voice_statuses.c.channel_id)
        return [_STATUS.entity(row) for row in await self._db.fetch_all(statement)]

    async def put(self, status: VoiceStatus) -> bool:
        statement = self._dialect.insert(voice_statuses).values(_STATUS.values(status))
        is_other = voice_statuses.c.status != status.status
        changed = statement.on_conflict_do_update(
            index_elements=["channel_id"], set_={"status": status.status}, where=is_other
        )
        return await self._db.fetch_one(changed.returning(voice_statuses.c.channel_id)) is not None

    async def remove(self, channel_id: int) -> bool:
        return bool(await self._db.execute(delete(voice_statuses).where(voice_statuses.c.channel_id == channel_id)))

    async def remove_if_left(self, channel_id: int) -> bool:
        statement = delete(voice_statuses).where(voice_statuses.c.channel_id == channel_id, _IS_LEFT)
        return bool(await self._db.execute(statement))
