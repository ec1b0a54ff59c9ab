"""The fields of their own accounts that people and bots may change."""

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from api.forms.marks import text
from api.services.accounts.auth import Email, GlobalName, Password, Username
from core.domain import texts

Color = Annotated[int, Meta(ge=0, le=0xFFFFFF)]


class UpdateAccount(msgspec.Struct, kw_only=True):
    """PATCH /users/@me. `password` is the present one, which people need to change it, their username or their e-mail
    address.
    """

    username: Username | UnsetType | None = UNSET
    global_name: GlobalName | UnsetType | None = UNSET
    bio: Annotated[str, text(texts.BIO)] | UnsetType | None = UNSET
    avatar: str | UnsetType | None = UNSET
    banner: str | UnsetType | None = UNSET
    accent_color: Color | UnsetType | None = UNSET
    email: Email | UnsetType | None = UNSET
    password: Annotated[str, Meta(max_length=1024)] | UnsetType | None = UNSET
    new_password: Password | UnsetType | None = UNSET
