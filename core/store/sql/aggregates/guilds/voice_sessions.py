"""The log of voice."""

from typing import Final

from sqlalchemy import delete, select, tuple_

from core.domain.guilds.voice_session import VoiceSession
from core.store.sql.engine.connection import Executor
from core.store.sql.engine.dialect import Dialect
from core.store.sql.schema.columns import EntityMap
from core.store.sql.schema.tables.voice_sessions import voice_sessions

_SESSION: Final = EntityMap(VoiceSession, voice_sessions)
_KEY: Final = (voice_sessions.c.guild_id, voice_sessions.c.began_ms, voice_sessions.c.user_id)


class SqlVoiceSessions:
    """The `VoiceSessionWriter` on SQL; the store shows its reading half."""

    __slots__ = ("_db", "_dialect")

    def __init__(self, db: Executor, dialect: Dialect) -> None:
        self._db = db
        self._dialect = dialect

    async def list_page(
        self,
        guild_id: int,
        *,
        before_ms: int | None = None,
        limit: int,
        user_id: int | None = None,
        channel_id: int | None = None,
    ) -> list[VoiceSession]:
        statement = select(*_SESSION.columns).where(voice_sessions.c.guild_id == guild_id).limit(limit)
        if before_ms is not None:
            statement = statement.where(voice_sessions.c.began_ms < before_ms)
        if user_id is not None:
            statement = statement.where(voice_sessions.c.user_id == user_id)
        if channel_id is not None:
            statement = statement.where(voice_sessions.c.channel_id == channel_id)
        newest_first = statement.order_by(voice_sessions.c.began_ms.desc(), voice_sessions.c.user_id.desc())
        return [_SESSION.entity(row) for row in await self._db.fetch_all(newest_first)]

    async def put(self, session: VoiceSession) -> None:
        values = _SESSION.values(session)
        statement = self._dialect.insert(voice_sessions).values(values)
        if session.bytes_sent is None:
            await self._db.execute(statement.on_conflict_do_nothing())
        else:
            await self._db.execute(statement.on_conflict_do_update(index_elements=list(_KEY), set_=values))

    async def remove_older(self, ended_before_ms: int, *, limit: int) -> int:
        old = select(*_KEY).where(voice_sessions.c.ended_ms < ended_before_ms).limit(limit)
        gone = delete(voice_sessions).where(tuple_(*_KEY).in_(old)).returning(voice_sessions.c.user_id)
        return len(await self._db.fetch_all(gone))
