"""The changes of a member that a caller may make. Pure.

Nick, timeouts and the like need a permission and a place above the member in the hierarchy; roles need a permission and
a place above each role that is given or taken (Discord's documentation, "Permission Hierarchy" and "Modify Guild
Member").
"""

import datetime as dt
from collections.abc import Iterable
from typing import Any, Final

from msgspec import UNSET, UnsetType

from api.services.access import GuildAccess
from api.services.changes import merge_flags
from api.services.members.member_forms import UpdateMember
from core.domain.errors import Forbidden, InvalidRole, NotInVoice, UnknownRole, invalid_field
from core.domain.guilds.member import BYPASSES_VERIFICATION, Member
from core.domain.guilds.permissions import Permission, compute_base_permissions
from core.domain.guilds.role import Role

MAX_TIMEOUT_MS: Final = 28 * 24 * 60 * 60 * 1000

_FLAG_PERMISSIONS: Final = (
    Permission.MANAGE_GUILD,
    Permission.MANAGE_ROLES,
    Permission.MODERATE_MEMBERS | Permission.KICK_MEMBERS | Permission.BAN_MEMBERS,
)
"""Any of these sets of permissions is enough to change flags."""


def compute_member_changes(
    form: UpdateMember, *, access: GuildAccess, target: Member, now_ms: int, is_in_voice: bool
) -> dict[str, Any]:
    """Compute the changes of the member, but for the voice channel that it is moved to.

    Raises:
        Forbidden, UnknownRole, InvalidRole, NotInVoice, Invalid
    """
    changes: dict[str, Any] = {}
    if form.nick is not UNSET:
        check_nick(access, target)
        changes["nick"] = form.nick or None
    if isinstance(form.roles, list):
        changes["role_ids"] = compute_role_ids(
            access, target, (role_id for role_id in form.roles if role_id is not None)
        )
    changes |= _compute_voice_changes(form, access, target, is_in_voice=is_in_voice)
    if form.communication_disabled_until is not UNSET:
        _check_timeout(access, target)
        changes["timeout_until_ms"] = compute_timeout_ms(form.communication_disabled_until, now_ms)
    if isinstance(form.flags, int):
        if not any(access.has(permissions) for permissions in _FLAG_PERMISSIONS):
            raise Forbidden
        changes["flags"] = merge_flags(form.flags, target.flags, settable=BYPASSES_VERIFICATION)
    return {name: value for name, value in changes.items() if value != getattr(target, name)}


def check_nick(access: GuildAccess, target: Member) -> None:
    """Raise Forbidden when the caller may not rename the member."""
    if target.user.id == access.member.user.id:
        if not access.permissions & (Permission.CHANGE_NICKNAME | Permission.MANAGE_NICKNAMES):
            raise Forbidden
        return
    access.require(Permission.MANAGE_NICKNAMES)
    access.require_outranks(target)


def compute_role_ids(access: GuildAccess, target: Member, wanted: Iterable[int]) -> tuple[int, ...]:
    """Compute the member's new roles as they are stored: sorted, without @everyone."""
    access.require(Permission.MANAGE_ROLES)
    new = set(wanted) - {access.entry.guild.id}
    for role_id in new ^ set(target.role_ids):
        check_role(access, role_id)
    return tuple(sorted(new))


def check_role(access: GuildAccess, role_id: int) -> Role:
    """Return the role, if the caller may give and take it. @everyone is none that anybody has or lacks."""
    role = access.entry.roles.get(role_id)
    if role is None or role_id == access.entry.guild.id:
        raise UnknownRole
    if role.managed:
        raise InvalidRole
    access.require_outranks(role)
    return role


def compute_timeout_ms(until: dt.datetime | UnsetType | None, now_ms: int) -> int:
    """Compute the end of the timeout; 0 when it is over, or none was given.

    Raises:
        Invalid: when it is more than 28 days away.
    """
    if not isinstance(until, dt.datetime):
        return 0
    until_ms = int(until.timestamp() * 1000)
    if until_ms > now_ms + MAX_TIMEOUT_MS:
        raise invalid_field(
            "communication_disabled_until", "DATETIME_TYPE_MAX", "A timeout ends at most 28 days from now."
        )
    return until_ms if until_ms > now_ms else 0


def _check_timeout(access: GuildAccess, target: Member) -> None:
    access.require(Permission.MODERATE_MEMBERS)
    access.require_outranks(target)
    entry = access.entry
    permissions = compute_base_permissions(
        guild=entry.guild, roles=entry.roles, user_id=target.user.id, role_ids=target.role_ids
    )
    if permissions & Permission.ADMINISTRATOR:
        raise Forbidden


def _compute_voice_changes(
    form: UpdateMember, access: GuildAccess, target: Member, *, is_in_voice: bool
) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    if isinstance(form.mute, bool):
        access.require(Permission.MUTE_MEMBERS)
        changes["mute"] = form.mute
    if isinstance(form.deaf, bool):
        access.require(Permission.DEAFEN_MEMBERS)
        changes["deaf"] = form.deaf
    if form.channel_id is not UNSET:
        access.require(Permission.MOVE_MEMBERS)
    is_change = any(value != getattr(target, name) for name, value in changes.items())
    if (is_change or form.channel_id is not UNSET) and not is_in_voice:
        raise NotInVoice
    return changes
