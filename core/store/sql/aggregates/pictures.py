"""The rows of pictures, and which of them an entity shows."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import BigInteger, Column, Integer, Text, and_, bindparam, delete, func, or_, select, tuple_, update

from core.domain.picture import Picture
from core.store.sql.engine.connection import Executor
from core.store.sql.engine.dialect import Dialect
from core.store.sql.engine.query import Query
from core.store.sql.schema.columns import EntityMap
from core.store.sql.schema.tables.applications import applications
from core.store.sql.schema.tables.channels import channels
from core.store.sql.schema.tables.guilds import guilds, roles
from core.store.sql.schema.tables.members import members
from core.store.sql.schema.tables.pictures import pictures
from core.store.sql.schema.tables.users import users

_PICTURE: Final = EntityMap(Picture, pictures)
_SELECT: Final = select(*_PICTURE.columns)
_LIMIT: Final = bindparam("limit", type_=Integer)
_FOLDER, _NAME = bindparam("folder", type_=Text), bindparam("name", type_=Text)
_FIND: Final = Query(_SELECT.where(pictures.c.folder == _FOLDER, pictures.c.name == _NAME))
_UNUSED: Final = Query(
    _SELECT.where(
        pictures.c.unused_since_ms > 0, pictures.c.unused_since_ms < bindparam("before_ms", type_=BigInteger)
    ).limit(_LIMIT)
)
_SHOWN_AFTER: Final = Query(
    _SELECT.where(tuple_(pictures.c.folder, pictures.c.name) > tuple_(_FOLDER, _NAME), pictures.c.unused_since_ms == 0)
    .order_by(pictures.c.folder, pictures.c.name)
    .limit(_LIMIT)
)
_LONG_AGO_MS: Final = 1
"""Since when a picture that is gone counts as unused, so that it is found with the oldest ones."""

_OWNERS: Final[Mapping[str, Sequence[tuple[Column[Any], Column[Any]]]]] = {
    "avatars": ((users.c.id, users.c.avatar),),
    "banners": ((users.c.id, users.c.banner), (guilds.c.id, guilds.c.banner)),
    "icons": ((guilds.c.id, guilds.c.icon),),
    "splashes": ((guilds.c.id, guilds.c.splash),),
    "discovery-splashes": ((guilds.c.id, guilds.c.discovery_splash),),
    "role-icons": ((roles.c.id, roles.c.icon),),
    "app-icons": ((applications.c.id, applications.c.icon),),
    "channel-icons": ((channels.c.id, channels.c.icon),),
}
"""Who may show the pictures of a kind, and where they have the name."""
_OF_MEMBERS: Final = {"avatars": members.c.avatar, "banners": members.c.banner}


class SqlPictures:
    """The `PictureWriter` on SQL; the store shows its reading half."""

    __slots__ = ("_db", "_dialect")

    def __init__(self, db: Executor, dialect: Dialect) -> None:
        self._db = db
        self._dialect = dialect

    async def find(self, folder: str, name: str) -> Picture | None:
        rows = await self._db.query(_FIND, folder=folder, name=name)
        return _PICTURE.entity(rows[0]) if rows else None

    async def list_unused(self, *, before_ms: int, limit: int) -> list[Picture]:
        return [_PICTURE.entity(row) for row in await self._db.query(_UNUSED, before_ms=before_ms, limit=limit)]

    async def list_shown_after(self, folder: str, name: str, *, limit: int) -> list[Picture]:
        rows = await self._db.query(_SHOWN_AFTER, folder=folder, name=name, limit=limit)
        return [_PICTURE.entity(row) for row in rows]

    async def find_shown(self, pictures_: Collection[Picture]) -> list[Picture]:
        by_kind: dict[str, dict[int, list[Picture]]] = defaultdict(lambda: defaultdict(list))
        of_members: dict[str, list[Picture]] = defaultdict(list)
        of_webhooks: list[Picture] = []
        for picture in pictures_:
            place, _, last = picture.folder.rpartition("/")
            if place == "avatars" and picture.guild_id:
                of_webhooks.append(picture)
            elif place in _OWNERS:
                by_kind[place][int(last)].append(picture)
            else:
                of_members[last].append(picture)
        shown = [each for kind, found in of_members.items() for each in await self._find_shown_by_members(kind, found)]
        shown += await self._find_shown_by_webhooks(of_webhooks)
        for kind, by_owner in by_kind.items():
            for owner_id, name in _OWNERS[kind]:
                rows = await self._db.fetch_all(select(owner_id, name).where(owner_id.in_(by_owner), name.is_not(None)))
                shown += [each for row in rows for each in by_owner[row[0]] if each.name == row[1]]
        return shown

    async def _find_shown_by_webhooks(self, pictures_: Sequence[Picture]) -> list[Picture]:
        """Return the pictures of webhooks that are shown: a message keeps that of its time, as long as the guild is."""
        if not pictures_:
            return []
        wanted = {picture.guild_id for picture in pictures_}
        present = {row[0] for row in await self._db.fetch_all(select(guilds.c.id).where(guilds.c.id.in_(wanted)))}
        return [picture for picture in pictures_ if picture.guild_id in present]

    async def _find_shown_by_members(self, kind: str, pictures_: Sequence[Picture]) -> list[Picture]:
        by_member: dict[tuple[int, int], list[Picture]] = defaultdict(list)
        for picture in pictures_:
            _, guild_id, _, user_id, _ = picture.folder.split("/")
            by_member[int(guild_id), int(user_id)].append(picture)
        name, member = _OF_MEMBERS[kind], (members.c.guild_id, members.c.user_id)
        rows = await self._db.fetch_all(select(*member, name).where(tuple_(*member).in_(list(by_member))))
        return [each for row in rows for each in by_member[row[0], row[1]] if each.name == row[2]]

    async def measure(self, *, user_id: int = 0, guild_id: int = 0) -> int:
        is_whose = pictures.c.user_id == user_id if user_id else pictures.c.guild_id == guild_id
        row = await self._db.fetch_one(select(func.coalesce(func.sum(pictures.c.size), 0)).where(is_whose))
        return 0 if row is None else int(row[0])

    async def begin(self, picture: Picture) -> bool:
        new = self._dialect.insert(pictures)
        again = {each: new.excluded[each] for each in ("size", "unused_since_ms")}
        put = new.on_conflict_do_update(
            index_elements=list(pictures.primary_key.columns), set_=again, where=pictures.c.is_gone.is_(False)
        )
        if not await self._db.execute(put, [_PICTURE.values(picture)]):
            return False
        others = pictures.c.folder == picture.folder, pictures.c.unused_since_ms == 0
        await self._db.execute(update(pictures).where(*others).values(unused_since_ms=picture.unused_since_ms))
        return True

    async def note_shown(self, pictures_: Collection[Picture]) -> None:
        await self._change(pictures_, {"unused_since_ms": 0})

    async def note_unused(self, pictures_: Collection[Picture], *, now_ms: int) -> None:
        await self._change(pictures_, {"unused_since_ms": now_ms})

    async def retire(self, pictures_: Collection[Picture]) -> list[Picture]:
        return await self._change(pictures_, {"unused_since_ms": _LONG_AGO_MS, "is_gone": True})

    async def delete(self, pictures_: Collection[Picture]) -> None:
        if pictures_:
            keys = tuple_(pictures.c.folder, pictures.c.name).in_([(each.folder, each.name) for each in pictures_])
            await self._db.execute(delete(pictures).where(keys, pictures.c.is_gone.is_(True)))

    async def _change(self, pictures_: Collection[Picture], values: dict[str, Any]) -> list[Picture]:
        """Change those that are as they were read; return them as they are then."""
        if not pictures_:
            return []
        as_read = or_(
            *(
                and_(
                    pictures.c.folder == each.folder,
                    pictures.c.name == each.name,
                    pictures.c.unused_since_ms == each.unused_since_ms,
                )
                for each in pictures_
            )
        )
        statement = update(pictures).where(as_read).values(values).returning(*_PICTURE.columns)
        return [_PICTURE.entity(row) for row in await self._db.fetch_all(statement)]
