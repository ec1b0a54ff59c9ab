"""What `/admin` answers to instance staff. Ids are strings, times ISO 8601, as everywhere in the API."""

from collections.abc import Mapping, Sequence

import msgspec

from core.domain.guilds.guild import Guild
from core.domain.instance.instance_log import InstanceLogEntry
from core.domain.instance.registration import RegistrationInvite, RegistrationMode
from core.domain.instance.staff import OPERATOR_ID, StaffMember, StaffRole, StaffToken
from core.domain.instance.suspension import Suspension
from core.domain.people.user import Account
from core.wire.times import iso_time, iso_time_of


class SuspensionObject(msgspec.Struct, kw_only=True):
    """A suspension."""

    since: str
    by: str | None
    """The member of staff; null for the operator at the server's machine."""
    reason: str | None


class AdminUserObject(msgspec.Struct, kw_only=True):
    """An account as staff sees it in a list."""

    id: str
    username: str
    global_name: str | None
    email: str | None
    bot: bool
    created_at: str
    suspension: SuspensionObject | None


class AdminUserDetails(AdminUserObject, kw_only=True):
    """An account as staff sees it alone."""

    sessions: int
    guilds: int
    owned_guild_ids: list[str]
    staff_role: StaffRole | None


class NewPassword(msgspec.Struct, kw_only=True):
    """An account's new password. The server made it where none was given, and shows it this once."""

    user_id: str
    password: str | None


class AdminGuildObject(msgspec.Struct, kw_only=True):
    """A guild as staff sees it."""

    id: str
    name: str
    owner_id: str
    created_at: str


class AdminGuildDetails(AdminGuildObject, kw_only=True):
    """A guild as staff sees it alone."""

    members: int
    channels: int
    roles: int


class RegistrationObject(msgspec.Struct, kw_only=True):
    """Who may register."""

    mode: RegistrationMode
    configured: RegistrationMode
    """The mode of the settings, which holds unless staff has set another."""


class RegistrationInviteObject(msgspec.Struct, kw_only=True):
    """An invite to register."""

    code: str
    created_at: str
    expires_at: str | None
    uses: int
    max_uses: int
    by: str | None


class StaffMemberObject(msgspec.Struct, kw_only=True):
    """A member of staff."""

    user_id: str
    username: str
    role: StaffRole
    since: str


class StaffTokenObject(msgspec.Struct, kw_only=True):
    """A token of a member of staff. The token itself is only in the answer to the request that makes it."""

    id: str
    created_at: str
    expires_at: str | None
    token: str | None = None


class SentAnnouncement(msgspec.Struct, kw_only=True):
    """How many people an announcement was sent to, and who was passed over: bots, and who does not exist."""

    sent: int
    passed_over: list[str]


class LogEntryObject(msgspec.Struct, kw_only=True):
    """An entry of the instance's log."""

    id: str
    at: str
    by: str | None
    """The member of staff; null for the operator at the server's machine."""
    action: str
    target: str
    reason: str | None
    details: Mapping[str, str]


class LimitsObject(msgspec.Struct, kw_only=True):
    """The limits of the instance that hold now: rates, sizes of files, and what one account may have."""

    rates: Mapping[str, bool | int | float]
    files: Mapping[str, int | float]
    guilds_per_user: int
    sessions_per_user: int
    changed: list[str]
    """The limits that staff has set; the settings say all others."""


def render_user(account: Account, suspension: Suspension | None) -> AdminUserObject:
    """Render an account for a list."""
    user = account.user
    return AdminUserObject(
        id=str(user.id),
        username=user.username,
        global_name=user.global_name,
        email=account.email,
        bot=user.bot,
        created_at=iso_time_of(user.id),
        suspension=None if suspension is None else _render_suspension(suspension),
    )


def render_user_details(
    shown: AdminUserObject, *, sessions: int, guilds: int, owned: Sequence[int], role: StaffRole | None
) -> AdminUserDetails:
    """Render an account alone."""
    return AdminUserDetails(
        **msgspec.structs.asdict(shown),
        sessions=sessions,
        guilds=guilds,
        owned_guild_ids=[str(guild_id) for guild_id in owned],
        staff_role=role,
    )


def _render_suspension(suspension: Suspension) -> SuspensionObject:
    return SuspensionObject(
        since=iso_time(suspension.since_ms), by=_show_actor(suspension.actor_id), reason=suspension.reason
    )


def render_guild(guild: Guild) -> AdminGuildObject:
    """Render a guild."""
    return AdminGuildObject(
        id=str(guild.id), name=guild.name, owner_id=str(guild.owner_id), created_at=iso_time_of(guild.id)
    )


def render_invite(invite: RegistrationInvite) -> RegistrationInviteObject:
    """Render an invite to register."""
    return RegistrationInviteObject(
        code=invite.code,
        created_at=iso_time(invite.created_ms),
        expires_at=iso_time(invite.expires_ms) if invite.expires_ms else None,
        uses=invite.uses,
        max_uses=invite.max_uses,
        by=_show_actor(invite.creator_id),
    )


def render_member(member: StaffMember, username: str) -> StaffMemberObject:
    """Render a member of staff."""
    return StaffMemberObject(
        user_id=str(member.user_id), username=username, role=member.role, since=iso_time(member.since_ms)
    )


def render_token(row: StaffToken, token: str | None = None) -> StaffTokenObject:
    """Render a token's row, and the token itself when it was made just now."""
    expires_at = iso_time(row.expires_ms) if row.expires_ms else None
    return StaffTokenObject(id=str(row.id), created_at=iso_time(row.created_ms), expires_at=expires_at, token=token)


def render_entry(entry: InstanceLogEntry) -> LogEntryObject:
    """Render an entry of the log."""
    return LogEntryObject(
        id=str(entry.id),
        at=iso_time(entry.at_ms),
        by=_show_actor(entry.actor_id),
        action=entry.action,
        target=entry.target,
        reason=entry.reason,
        details=entry.details,
    )


def _show_actor(actor_id: int) -> str | None:
    return None if actor_id == OPERATOR_ID else str(actor_id)
