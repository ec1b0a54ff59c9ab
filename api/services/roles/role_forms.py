"""Bodies of requests about roles."""

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from api.forms.form import SnowflakeField
from api.forms.marks import text
from core.domain import texts

Color = Annotated[int, Meta(ge=0, le=0xFFFFFF)]
RoleName = Annotated[str, text(texts.ROLE_NAME)]
UnicodeEmoji = Annotated[str, text(texts.UNICODE_EMOJI)]
PermissionBits = Annotated[int, Meta(ge=0, description="A bit set, as a string or a number")]
"""The bits of permissions. Unknown ones are dropped where the field is used."""


class RoleColorsForm(msgspec.Struct, kw_only=True):
    """`colors` of a role. `primary_color` replaces the older `color`."""

    primary_color: Color | None = None
    secondary_color: Color | None = None
    tertiary_color: Color | None = None


class CreateRole(msgspec.Struct, kw_only=True):
    """POST /guilds/{guild}/roles."""

    name: RoleName | None = None
    permissions: PermissionBits | None = None
    color: Color | None = None
    colors: RoleColorsForm | None = None
    hoist: bool | None = None
    mentionable: bool | None = None
    icon: str | None = None
    unicode_emoji: UnicodeEmoji | None = None


class UpdateRole(msgspec.Struct, kw_only=True):
    """PATCH /guilds/{guild}/roles/{role}."""

    name: RoleName | UnsetType | None = UNSET
    permissions: PermissionBits | UnsetType | None = UNSET
    color: Color | UnsetType | None = UNSET
    colors: RoleColorsForm | UnsetType | None = UNSET
    hoist: bool | UnsetType | None = UNSET
    mentionable: bool | UnsetType | None = UNSET
    icon: str | UnsetType | None = UNSET
    unicode_emoji: UnicodeEmoji | UnsetType | None = UNSET


class RolePosition(msgspec.Struct, kw_only=True):
    """An element of PATCH /guilds/{guild}/roles."""

    id: SnowflakeField | None = None
    position: Annotated[int, Meta(ge=0, le=0x7FFFFFFF)] | None = None
