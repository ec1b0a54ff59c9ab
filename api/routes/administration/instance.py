"""/admin: who may register, the limits, and the log of what staff did."""

from collections.abc import Sequence
from typing import Annotated, Final

from msgspec import Meta

from api.http.parameters import SnowflakeQuery
from api.http.route import Route, delete, get, patch, post, put
from api.routes.administration.people import PageLimit
from api.services.administration.administration_forms import CreateRegistrationInvite, SetLimits, SetRegistration
from api.services.administration.instance_view import InstanceView
from api.services.administration.limit_administration import LimitAdministration
from api.services.administration.registration_administration import RegistrationAdministration
from api.services.administration.staff_authenticator import Staff
from core.wire.objects.administration import (
    LimitsObject,
    LogEntryObject,
    RegistrationInviteObject,
    RegistrationObject,
)

Code = Annotated[str, Meta(max_length=100)]
Target = Annotated[str, Meta(max_length=100, description="The id or the code of what it was done to")] | None


@get("/admin/registration", staff_role="reader")
async def get_registration(registration_administration: RegistrationAdministration) -> RegistrationObject:
    """Show who may register."""
    return await registration_administration.fetch()


@put("/admin/registration", staff_role="owner", is_audited=True)
async def set_registration(
    staff: Staff, data: SetRegistration, reason: str | None, registration_administration: RegistrationAdministration
) -> RegistrationObject:
    """Set who may register."""
    return await registration_administration.set_mode(staff, data, reason)


@get("/admin/registration/invites", staff_role="moderator")
async def list_invites(registration_administration: RegistrationAdministration) -> list[RegistrationInviteObject]:
    """List the invites to register, oldest first."""
    return await registration_administration.list_invites()


@post("/admin/registration/invites", status=201, staff_role="moderator", is_audited=True)
async def create_invite(
    staff: Staff,
    data: CreateRegistrationInvite,
    reason: str | None,
    registration_administration: RegistrationAdministration,
) -> RegistrationInviteObject:
    """Make an invite to register."""
    return await registration_administration.create_invite(staff, data, reason)


@delete("/admin/registration/invites/{code}", status=204, staff_role="moderator", is_audited=True)
async def delete_invite(
    code: Code, staff: Staff, reason: str | None, registration_administration: RegistrationAdministration
) -> None:
    """Revoke an invite to register."""
    await registration_administration.delete_invite(staff, code, reason)


@get("/admin/limits", staff_role="reader")
async def get_limits(limit_administration: LimitAdministration) -> LimitsObject:
    """Show the limits of the instance that hold now."""
    return limit_administration.fetch()


@patch("/admin/limits", staff_role="owner", is_audited=True)
async def set_limits(
    staff: Staff, data: SetLimits, reason: str | None, limit_administration: LimitAdministration
) -> LimitsObject:
    """Set limits of the instance at once, without a new start; null gives one back to the settings."""
    return await limit_administration.set(staff, data, reason)


@get("/admin/log", staff_role="reader")
async def list_log(
    instance_view: InstanceView,
    before: SnowflakeQuery = None,
    limit: PageLimit = 50,
    actor: SnowflakeQuery = None,
    target: Target = None,
) -> list[LogEntryObject]:
    """List what staff did, newest first. The actor 0 is the operator at the server's machine."""
    return await instance_view.list_log(before=before, limit=limit, actor_id=actor, target=target)


ROUTES: Final[Sequence[Route]] = (
    get_registration,
    set_registration,
    list_invites,
    create_invite,
    delete_invite,
    get_limits,
    set_limits,
    list_log,
)
