"""Members of a large guild by the beginning of a name. Each of the three names has an index, which leads its query."""

from typing import Any, Final

from sqlalchemy import Column, Integer, and_, bindparam, exists, select

from core.store.sql.engine.connection import Executor
from core.store.sql.engine.query import Query
from core.store.sql.schema.tables.members import members
from core.store.sql.schema.tables.users import users

_IS_IN_GUILD = members.c.guild_id == bindparam("guild_id")

_AFTER_ALL_LETTERS: Final = "\U0010ffff"
"""A text that sorts behind all names that begin with a prefix. It is no character, so no text holds it."""


def _named(name: Column[Any]) -> Any:
    return and_(name >= bindparam("first"), name < bindparam("behind"))


def _users_named(name: Column[Any]) -> Query:
    # EXISTS, because the users' index must lead: a join would begin with the guild's members, all of them.
    is_member = exists().where(_IS_IN_GUILD, members.c.user_id == users.c.id)
    return Query(
        select(users.c.id).where(_named(name), is_member).order_by(name).limit(bindparam("limit", type_=Integer))
    )


NAMED: Final = (
    _users_named(users.c.username_fold),
    _users_named(users.c.global_name_fold),
    Query(
        select(members.c.user_id)
        .where(_IS_IN_GUILD, _named(members.c.nick_fold))
        .order_by(members.c.nick_fold)
        .limit(bindparam("limit", type_=Integer))
    ),
)


async def find_named(db: Executor, guild_id: int, prefix: str, limit: int) -> list[int]:
    """Return the ids of members, in their order, whose user name, name or nickname begins with the folded prefix."""
    asked = {"guild_id": guild_id, "first": prefix, "behind": prefix + _AFTER_ALL_LETTERS, "limit": limit}
    found = await db.query_together(*((query, asked) for query in NAMED))
    return sorted({row[0] for rows in found for row in rows})[:limit]
