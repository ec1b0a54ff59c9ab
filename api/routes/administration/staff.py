"""/admin/staff: the staff itself, and its tokens."""

from collections.abc import Sequence
from typing import Final

from api.http.parameters import SnowflakePath
from api.http.route import Route, delete, get, post, put
from api.services.administration.administration_forms import CreateStaffToken, PutStaffMember
from api.services.administration.staff_administration import StaffAdministration
from api.services.administration.staff_authenticator import Staff
from core.wire.objects.administration import StaffMemberObject, StaffTokenObject


@get("/admin/staff", staff_role="reader")
async def list_staff(staff_administration: StaffAdministration) -> list[StaffMemberObject]:
    """List the staff."""
    return await staff_administration.list_all()


@put("/admin/staff/{user_id}", staff_role="owner", is_audited=True)
async def put_member(
    user_id: SnowflakePath,
    staff: Staff,
    data: PutStaffMember,
    reason: str | None,
    staff_administration: StaffAdministration,
) -> StaffMemberObject:
    """Add a person to the staff, or give another role."""
    return await staff_administration.put(staff, user_id, data, reason)


@delete("/admin/staff/{user_id}", status=204, staff_role="owner", is_audited=True)
async def remove_member(
    user_id: SnowflakePath, staff: Staff, reason: str | None, staff_administration: StaffAdministration
) -> None:
    """Remove somebody from the staff, with all tokens."""
    await staff_administration.remove(staff, user_id, reason)


@get("/admin/staff/{user_id}/tokens", staff_role="owner")
async def list_tokens(user_id: SnowflakePath, staff_administration: StaffAdministration) -> list[StaffTokenObject]:
    """List the tokens of a member, without the tokens themselves."""
    return await staff_administration.list_tokens(user_id)


@post("/admin/staff/{user_id}/tokens", status=201, staff_role="owner", is_audited=True)
async def create_token(
    user_id: SnowflakePath,
    staff: Staff,
    data: CreateStaffToken,
    reason: str | None,
    staff_administration: StaffAdministration,
) -> StaffTokenObject:
    """Make a token for a member, which is shown this once."""
    return await staff_administration.create_token(staff, user_id, data, reason)


@delete("/admin/staff/{user_id}/tokens/{token_id}", status=204, staff_role="owner", is_audited=True)
async def delete_token(
    user_id: SnowflakePath,
    token_id: SnowflakePath,
    staff: Staff,
    reason: str | None,
    staff_administration: StaffAdministration,
) -> None:
    """Revoke a token."""
    await staff_administration.delete_token(staff, user_id, token_id, reason)


ROUTES: Final[Sequence[Route]] = (list_staff, put_member, remove_member, list_tokens, create_token, delete_token)
