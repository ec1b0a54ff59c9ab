"""What people have set for themselves."""

from collections.abc import Collection, Sequence
from typing import Any, Final

from sqlalchemy import Table, bindparam, delete, insert, select

from core.domain.people.preferences import GuildSettings, Preferences, UserSettings
from core.store.sql.engine.connection import Asked, Executor
from core.store.sql.engine.places import Places
from core.store.sql.engine.query import Query
from core.store.sql.schema.columns import EntityMap
from core.store.sql.schema.tables.preferences import guild_settings, notes, user_settings

SETTINGS = EntityMap(UserSettings, user_settings)
GUILD_SETTINGS = EntityMap(GuildSettings, guild_settings)

_SIZES: Final = (1, 8, 64)
"""The numbers of users in a statement, as for logins, with which preferences are read."""

_NOTE_COLUMNS = (notes.c.user_id, notes.c.about_id, notes.c.note)


class _Queries:
    """The statements for one number of users."""

    def __init__(self, size: int) -> None:
        self.places = Places("user_id", size)
        wanted = self.places.parameters
        self._all = (
            Query(select(*SETTINGS.columns).where(user_settings.c.user_id.in_(wanted))),
            Query(
                select(*GUILD_SETTINGS.columns)
                .where(guild_settings.c.user_id.in_(wanted))
                .order_by(guild_settings.c.guild_id)
            ),
            Query(select(*_NOTE_COLUMNS).where(notes.c.user_id.in_(wanted)).order_by(notes.c.about_id)),
        )

    def asked(self, user_ids: Sequence[int]) -> list[Asked]:
        """Return all statements, bound to these users."""
        bound = self.places.bind(user_ids)
        return [(query, bound) for query in self._all]


_MANY: Final = [_Queries(size) for size in _SIZES]
_FIND: Final = Query(select(*SETTINGS.columns).where(user_settings.c.user_id == bindparam("user_id")))
_FIND_GUILD: Final = Query(
    select(*GUILD_SETTINGS.columns).where(
        guild_settings.c.user_id == bindparam("user_id"), guild_settings.c.guild_id == bindparam("guild_id")
    )
)
_FIND_NOTE: Final = Query(
    select(notes.c.note).where(notes.c.user_id == bindparam("user_id"), notes.c.about_id == bindparam("about_id"))
)
_LIST_NOTES: Final = Query(
    select(*_NOTE_COLUMNS).where(notes.c.user_id == bindparam("user_id")).order_by(notes.c.about_id)
)


class SqlPreferences:
    """The `PreferenceWriter` on SQL; the store shows its reading half."""

    __slots__ = ("_db",)

    def __init__(self, db: Executor) -> None:
        self._db = db

    async def find_many(self, user_ids: Collection[int]) -> dict[int, Preferences]:
        wanted = list(dict.fromkeys(user_ids))
        found: dict[int, Preferences] = {}
        for start in range(0, len(wanted), _SIZES[-1]):
            found.update(await self._find_some(wanted[start : start + _SIZES[-1]]))
        return found

    async def _find_some(self, user_ids: Sequence[int]) -> dict[int, Preferences]:
        queries = next(each for each in _MANY if each.places.size >= len(user_ids))
        settings, of_guilds, written = await self._db.query_together(*queries.asked(user_ids))
        by_user = {row[0]: SETTINGS.entity(row) for row in settings}
        guilds: dict[int, list[GuildSettings]] = {}
        for row in of_guilds:
            guilds.setdefault(row[0], []).append(GUILD_SETTINGS.entity(row))
        noted: dict[int, dict[int, str]] = {}
        for user_id, about_id, note in written:
            noted.setdefault(user_id, {})[about_id] = note
        return {
            user_id: Preferences(
                settings=by_user.get(user_id) or UserSettings(user_id=user_id),
                guild_settings=tuple(guilds.get(user_id, ())),
                notes=noted.get(user_id, {}),
            )
            for user_id in user_ids
        }

    async def find_settings(self, user_id: int) -> UserSettings:
        rows = await self._db.query(_FIND, user_id=user_id)
        return SETTINGS.entity(rows[0]) if rows else UserSettings(user_id=user_id)

    async def find_guild_settings(self, user_id: int, guild_id: int) -> GuildSettings | None:
        rows = await self._db.query(_FIND_GUILD, user_id=user_id, guild_id=guild_id)
        return GUILD_SETTINGS.entity(rows[0]) if rows else None

    async def find_note(self, user_id: int, about_id: int) -> str | None:
        rows = await self._db.query(_FIND_NOTE, user_id=user_id, about_id=about_id)
        return rows[0][0] if rows else None

    async def list_notes(self, user_id: int) -> dict[int, str]:
        return {row[1]: row[2] for row in await self._db.query(_LIST_NOTES, user_id=user_id)}

    async def put_settings(self, settings: UserSettings) -> None:
        await self._replace(user_settings, SETTINGS.values(settings), "user_id")

    async def put_guild_settings(self, settings: GuildSettings) -> None:
        await self._replace(guild_settings, GUILD_SETTINGS.values(settings), "user_id", "guild_id")

    async def put_note(self, user_id: int, about_id: int, note: str) -> None:
        is_it = (notes.c.user_id == user_id, notes.c.about_id == about_id)
        await self._db.execute(delete(notes).where(*is_it))
        if note:
            await self._db.execute(insert(notes), {"user_id": user_id, "about_id": about_id, "note": note})

    async def forget(self, user_id: int) -> None:
        for table in (user_settings, guild_settings, notes):
            await self._db.execute(delete(table).where(table.c.user_id == user_id))

    async def _replace(self, table: Table, values: dict[str, Any], *keys: str) -> None:
        await self._db.execute(delete(table).where(*(table.c[key] == values[key] for key in keys)))
        await self._db.execute(insert(table), values)
