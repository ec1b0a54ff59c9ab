"""Relationships of people."""

from collections.abc import Mapping

from sqlalchemy import bindparam, delete, func, insert, select

from core.domain.people.relationship import Relationship, RelationshipType
from core.store.sql.engine.connection import Executor
from core.store.sql.engine.query import Query
from core.store.sql.schema.columns import EntityMap
from core.store.sql.schema.tables.relationships import relationships

RELATIONSHIP = EntityMap(Relationship, relationships)
_OF_USER = relationships.c.user_id == bindparam("user_id")
_SELECT = select(*RELATIONSHIP.columns)
_FIND = Query(_SELECT.where(_OF_USER, relationships.c.other_id == bindparam("other_id")))
_LIST_OF = Query(_SELECT.where(_OF_USER).order_by(relationships.c.other_id))
_TYPES = Query(select(relationships.c.other_id, relationships.c.type).where(_OF_USER))
_COUNT = Query(select(relationships.c.type, func.count()).where(_OF_USER).group_by(relationships.c.type))


class SqlRelationships:
    """The `RelationshipWriter` on SQL; the store shows its reading half."""

    __slots__ = ("_db",)

    def __init__(self, db: Executor) -> None:
        self._db = db

    async def find(self, user_id: int, other_id: int) -> Relationship | None:
        rows = await self._db.query(_FIND, user_id=user_id, other_id=other_id)
        return RELATIONSHIP.entity(rows[0]) if rows else None

    async def list_of(self, user_id: int) -> list[Relationship]:
        return [RELATIONSHIP.entity(row) for row in await self._db.query(_LIST_OF, user_id=user_id)]

    async def types_of(self, user_id: int) -> Mapping[int, RelationshipType]:
        return {row[0]: RelationshipType(row[1]) for row in await self._db.query(_TYPES, user_id=user_id)}

    async def count(self, user_id: int) -> Mapping[RelationshipType, int]:
        return {RelationshipType(row[0]): row[1] for row in await self._db.query(_COUNT, user_id=user_id)}

    async def put(self, relationship: Relationship) -> None:
        await self.delete(relationship.user_id, relationship.other_id)
        await self._db.execute(insert(relationships), RELATIONSHIP.values(relationship))

    async def delete(self, user_id: int, other_id: int) -> None:
        is_side = (relationships.c.user_id == user_id, relationships.c.other_id == other_id)
        await self._db.execute(delete(relationships).where(*is_side))
