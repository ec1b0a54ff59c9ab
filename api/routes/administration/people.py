"""/admin/users: accounts, for instance staff."""

from collections.abc import Sequence
from typing import Annotated, Final

from msgspec import Meta

from api.http.parameters import SnowflakePath
from api.http.route import Route, delete, get, post, put
from api.services.administration.account_removal import AccountRemoval
from api.services.administration.administration_forms import CreateUser, ResetPassword
from api.services.administration.people import PeopleAdministration
from api.services.administration.staff_authenticator import Staff
from core.wire.objects.administration import AdminUserDetails, AdminUserObject, NewPassword
from core.wire.objects.people.auth_session import SessionObject

PageLimit = Annotated[int, Meta(ge=1, le=200, description="How many at most")]
Search = Annotated[
    str, Meta(max_length=320, description="The beginning of a username, an id, or a whole e-mail address")
]


@get("/admin/users", staff_role="reader")
async def list_users(
    people_administration: PeopleAdministration, search: Search = "", after: SnowflakePath = 0, limit: PageLimit = 50
) -> list[AdminUserObject]:
    """List accounts by ascending id."""
    return await people_administration.list_page(search=search, after=after, limit=limit)


@post("/admin/users", status=201, staff_role="owner", is_audited=True)
async def create_user(
    staff: Staff, data: CreateUser, reason: str | None, people_administration: PeopleAdministration
) -> NewPassword:
    """Make an account, whoever may register."""
    return await people_administration.create(staff, data, reason)


@get("/admin/users/{user_id}", staff_role="reader")
async def get_user(user_id: SnowflakePath, people_administration: PeopleAdministration) -> AdminUserDetails:
    """Show an account."""
    return await people_administration.fetch(user_id)


@delete("/admin/users/{user_id}", status=204, staff_role="owner", is_audited=True)
async def delete_user(
    user_id: SnowflakePath, staff: Staff, reason: str | None, account_removal: AccountRemoval
) -> None:
    """Delete an account; its messages stay."""
    await account_removal.delete(staff, user_id, reason)


@post("/admin/users/{user_id}/password", staff_role="owner", is_audited=True)
async def reset_password(
    user_id: SnowflakePath,
    staff: Staff,
    data: ResetPassword,
    reason: str | None,
    people_administration: PeopleAdministration,
) -> NewPassword:
    """Give an account a new password, and end its auth sessions."""
    return await people_administration.reset_password(staff, user_id, data, reason)


@put("/admin/users/{user_id}/suspension", status=204, staff_role="moderator", is_audited=True)
async def suspend_user(
    user_id: SnowflakePath, staff: Staff, reason: str | None, people_administration: PeopleAdministration
) -> None:
    """Suspend an account."""
    await people_administration.suspend(staff, user_id, reason)


@delete("/admin/users/{user_id}/suspension", status=204, staff_role="moderator", is_audited=True)
async def unsuspend_user(
    user_id: SnowflakePath, staff: Staff, reason: str | None, people_administration: PeopleAdministration
) -> None:
    """Let a suspended account log in again."""
    await people_administration.unsuspend(staff, user_id, reason)


@get("/admin/users/{user_id}/sessions", staff_role="reader")
async def list_sessions(user_id: SnowflakePath, people_administration: PeopleAdministration) -> list[SessionObject]:
    """List an account's auth sessions, newest first."""
    return await people_administration.list_sessions(user_id)


@delete("/admin/users/{user_id}/sessions", status=204, staff_role="moderator", is_audited=True)
async def end_sessions(
    user_id: SnowflakePath, staff: Staff, reason: str | None, people_administration: PeopleAdministration
) -> None:
    """End all auth sessions of an account."""
    await people_administration.end_sessions(staff, user_id, reason)


@delete("/admin/users/{user_id}/sessions/{session_id}", status=204, staff_role="moderator", is_audited=True)
async def end_session(
    user_id: SnowflakePath,
    session_id: SnowflakePath,
    staff: Staff,
    reason: str | None,
    people_administration: PeopleAdministration,
) -> None:
    """End one auth session of an account."""
    await people_administration.end_session(staff, user_id, session_id, reason)


ROUTES: Final[Sequence[Route]] = (
    list_users,
    create_user,
    get_user,
    delete_user,
    reset_password,
    suspend_user,
    unsuspend_user,
    list_sessions,
    end_sessions,
    end_session,
)
