"""Voice states."""

from sqlalchemy import bindparam, delete, func, select, tuple_

from core.domain.guilds.voice_state import VoiceState
from core.store.sql.engine.connection import Executor
from core.store.sql.engine.dialect import Dialect
from core.store.sql.engine.query import Query
from core.store.sql.schema.columns import EntityMap
from core.store.sql.schema.tables.voice_states import voice_states

VOICE_STATE = EntityMap(VoiceState, voice_states)
_KEY = (voice_states.c.guild_id, voice_states.c.user_id)
_SELECT = select(*VOICE_STATE.columns)
_FIND = Query(
    _SELECT.where(voice_states.c.guild_id == bindparam("guild_id"), voice_states.c.user_id == bindparam("user_id"))
)


class SqlVoiceStates:
    """The `VoiceStateWriter` on SQL; the store shows its reading half."""

    __slots__ = ("_db", "_dialect")

    def __init__(self, db: Executor, dialect: Dialect) -> None:
        self._db = db
        self._dialect = dialect

    async def find(self, guild_id: int, user_id: int) -> VoiceState | None:
        rows = await self._db.query(_FIND, guild_id=guild_id, user_id=user_id)
        return VOICE_STATE.entity(rows[0]) if rows else None

    async def list_of_channel(self, channel_id: int) -> list[VoiceState]:
        statement = _SELECT.where(voice_states.c.channel_id == channel_id).order_by(voice_states.c.user_id)
        return [VOICE_STATE.entity(row) for row in await self._db.fetch_all(statement)]

    async def count_in_channel(self, channel_id: int) -> int:
        statement = select(func.count()).select_from(voice_states).where(voice_states.c.channel_id == channel_id)
        row = await self._db.fetch_one(statement)
        return 0 if row is None else int(row[0])

    async def list_page(self, *, after: tuple[int, int] = (0, 0), limit: int = 1000) -> list[VoiceState]:
        statement = _SELECT.where(tuple_(*_KEY) > after).order_by(*_KEY).limit(limit)
        return [VOICE_STATE.entity(row) for row in await self._db.fetch_all(statement)]

    async def put(self, state: VoiceState) -> None:
        values = VOICE_STATE.values(state)
        statement = self._dialect.insert(voice_states).values(values)
        await self._db.execute(statement.on_conflict_do_update(index_elements=list(_KEY), set_=values))

    async def remove(self, guild_id: int, user_id: int) -> VoiceState | None:
        is_it = (voice_states.c.guild_id == guild_id, voice_states.c.user_id == user_id)
        row = await self._db.fetch_one(delete(voice_states).where(*is_it).returning(*VOICE_STATE.columns))
        return None if row is None else VOICE_STATE.entity(row)
