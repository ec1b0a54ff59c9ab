"""The columns of members in SELECTs, and what their rows say."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import String, cast, func, literal_column, select

from core.domain.guilds.member import Member
from core.domain.people.user import User
from core.store.sql.aggregates.people.users import USER
from core.store.sql.schema.columns import EntityMap
from core.store.sql.schema.tables.members import member_roles, members

MEMBER = EntityMap(Member, members, without=("user", "role_ids"))
_USER_START = len(MEMBER.columns)
_ROLES_AT = _USER_START + len(USER.columns)

_COMMA: Any = literal_column("','")
_role_ids = (
    # The separator as SQL: as a parameter it would be rendered at execution, which compiled queries skip.
    select(func.aggregate_strings(cast(member_roles.c.role_id, String), _COMMA))
    .where(member_roles.c.guild_id == members.c.guild_id, member_roles.c.user_id == members.c.user_id)
    .correlate(members)
    .scalar_subquery()
)
MEMBER_COLUMNS = (*MEMBER.columns, *USER.columns, _role_ids)
"""The columns for a SELECT from members joined with users; one row is one member."""

OWN_MEMBER_COLUMNS = (*MEMBER.columns, _role_ids)
"""The columns without the user, for a SELECT from members alone."""


def member_from_row(row: Sequence[Any], start: int = 0) -> Member:
    """Return the member whose `MEMBER_COLUMNS` stand in the row from `start` on."""
    user = USER.entity(row, start + _USER_START)
    return MEMBER.entity_with(row, start, user=user, role_ids=_parse_roles(row[start + _ROLES_AT]))


def member_of_user(user: User, row: Sequence[Any], start: int = 0) -> Member:
    """Return the user's membership whose `OWN_MEMBER_COLUMNS` stand in the row from `start` on."""
    return MEMBER.entity_with(row, start, user=user, role_ids=_parse_roles(row[start + _USER_START]))


def _parse_roles(joined: str | None) -> tuple[int, ...]:
    return tuple(sorted(map(int, joined.split(",")))) if joined else ()
