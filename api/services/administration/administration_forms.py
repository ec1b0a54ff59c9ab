"""The bodies of requests to `/admin`."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from api.forms.form import SnowflakeField
from api.forms.marks import as_set, text
from api.services.accounts.auth import Email, GlobalName, Password, Username
from core.domain import texts
from core.domain.instance.registration import RegistrationMode
from core.domain.instance.staff import StaffRole

MaxAge = Annotated[int, Meta(ge=0, le=31_536_000)]
"""Seconds, up to a year; 0 for ever."""


LimitName = Annotated[str, Meta(max_length=64)]


AnnouncementContent = Annotated[str, text(texts.ANNOUNCEMENT)]
ReportStatus = Literal["open", "resolved", "all"]


class CreateUser(msgspec.Struct, kw_only=True):
    """POST /admin/users. Without a password the server makes one, and shows it once."""

    username: Username
    email: Email
    date_of_birth: str
    password: Password | None = None
    global_name: GlobalName | None = None


class ResetPassword(msgspec.Struct, kw_only=True):
    """POST /admin/users/{id}/password. Without a password the server makes one, and shows it once."""

    password: Password | None = None


class TransferGuild(msgspec.Struct, kw_only=True):
    """PUT /admin/guilds/{id}/owner."""

    user_id: SnowflakeField


class SetRegistration(msgspec.Struct, kw_only=True):
    """PUT /admin/registration. Null leaves it to the settings."""

    mode: RegistrationMode | None


class SetLimits(msgspec.Struct, kw_only=True):
    """PATCH /admin/limits: limits by the names of their settings. Null leaves one to the settings."""

    limits: dict[LimitName, bool | int | float | None]


class ResolveReport(msgspec.Struct, kw_only=True):
    """PUT /admin/reports/{id}/resolution: what was done about it."""

    resolution: Annotated[str, text(texts.REASON)] | None = None


class SendAnnouncement(msgspec.Struct, kw_only=True):
    """POST /admin/announcements."""

    content: AnnouncementContent
    user_ids: Annotated[list[SnowflakeField], as_set(100)]


class CreateRegistrationInvite(msgspec.Struct, kw_only=True):
    """POST /admin/registration/invites."""

    max_uses: Annotated[int, Meta(ge=1, le=100_000)] = 1
    max_age: MaxAge = 604_800


class PutStaffMember(msgspec.Struct, kw_only=True):
    """PUT /admin/staff/{id}."""

    role: StaffRole


class CreateStaffToken(msgspec.Struct, kw_only=True):
    """POST /admin/staff/{id}/tokens."""

    max_age: MaxAge = 2_592_000
