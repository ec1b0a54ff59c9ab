"""Accounts: people and bots, their credentials and their auth sessions."""

from typing import Final

import msgspec

SYSTEM_USER_ID: Final = 1
"""The account of the server itself. No snowflake is so small."""
SYSTEM_FLAG: Final = 1 << 12
"""The flag of an account by which Discord's clients show it as an official one."""


class User(msgspec.Struct, kw_only=True, frozen=True):
    """The public part of an account. `discriminator` is "0" for all but old bots, so it is not stored."""

    id: int
    username: str
    global_name: str | None = None
    avatar: str | None = None
    banner: str | None = None
    accent_color: int | None = None
    bio: str = ""
    bot: bool = False
    flags: int = 0
    locale: str = "en-US"


class Account(msgspec.Struct, kw_only=True, frozen=True):
    """A user with the fields that only the user and the server know. Bots have neither e-mail nor password."""

    user: User
    email: str | None = None
    password_hash: str | None = None
    birth_date: str | None = None
    """The date of birth, as an ISO 8601 date."""


class AuthSession(msgspec.Struct, kw_only=True, frozen=True):
    """The row of a person's login or of a bot's token. The token itself is never stored, only its SHA-256."""

    id: int
    user_id: int
    token_hash: bytes
    created_ms: int
    last_used_ms: int
    user_agent: str = ""
    address: str = ""
