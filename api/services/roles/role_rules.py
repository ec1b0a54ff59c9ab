"""The order of a guild's roles, and the changes of it that a caller may make. Pure.

Roles are sorted by position; of two roles with one position the older is above. @everyone is always at the bottom and
takes no part. A move puts each moved role at its wanted place, closes the gaps, and numbers all roles from 1 again. A
caller may move only roles below its own highest one: from there upwards, the order must not change.
"""

from collections.abc import Iterable, Mapping, Sequence, Sized

from api.services.access import rank_of_role
from core.domain.errors import LimitReached
from core.domain.guilds.role import Role

MAX_ROLES = 250
"""Discord's bound, @everyone included."""


def check_role_count(roles: Sized) -> None:
    """Raise LimitReached when the guild is full."""
    if len(roles) >= MAX_ROLES:
        raise LimitReached(30005, f"Maximum number of server roles reached ({MAX_ROLES})")


def sort_roles(roles: Iterable[Role], guild_id: int) -> list[Role]:
    """Return all roles but @everyone, from the lowest to the highest."""
    return sorted((role for role in roles if role.id != guild_id), key=rank_of_role)


def compute_role_order(ordered: Sequence[Role], moves: Mapping[int, int]) -> list[Role]:
    """Compute the order, lowest first. `moves` has the positions of moved roles, from 1; a large one means the top."""
    moved = sorted(
        (role for role in ordered if role.id in moves),
        key=lambda role: (moves[role.id], *rank_of_role(role)),
    )
    order = [role for role in ordered if role.id not in moves]
    for role in moved:
        order.insert(max(0, moves[role.id] - 1), role)
    return order


def is_order_allowed(before: Sequence[Role], after: Sequence[Role], top: Role | None) -> bool:
    """Tell whether a caller whose highest role is `top` (None: it has none) may bring the one order into the other."""
    if top is None or top.id not in {role.id for role in before}:
        return [role.id for role in before] == [role.id for role in after]
    place = next(index for index, role in enumerate(before) if role.id == top.id)
    return [role.id for role in before[place:]] == [role.id for role in after[place:]]


def compute_positions(order: Sequence[Role]) -> dict[int, int]:
    """Compute the positions that change when the order is numbered from 1."""
    return {role.id: place for place, role in enumerate(order, start=1) if role.position != place}
