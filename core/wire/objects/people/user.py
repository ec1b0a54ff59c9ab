"""Users on the wire."""

import msgspec

from core.domain.people.user import SYSTEM_FLAG, Account, User


class UserObject(msgspec.Struct, kw_only=True):
    """A user as others see it (UserResponse)."""

    id: str
    username: str
    discriminator: str = "0"
    global_name: str | None = None
    avatar: str | None = None
    banner: str | None = None
    accent_color: int | None = None
    avatar_decoration_data: None = None
    collectibles: None = None
    primary_guild: None = None
    bot: bool = False
    system: bool = False
    flags: int = 0
    public_flags: int = 0


class OwnUserObject(UserObject, kw_only=True):
    """A user as it sees itself (UserPIIResponse)."""

    mfa_enabled: bool = False
    locale: str = "en-US"
    premium_type: int = 0
    email: str | None = None
    verified: bool = True
    bio: str = ""


def render_user(user: User) -> UserObject:
    """Return the public object."""
    return UserObject(
        id=str(user.id),
        username=user.username,
        global_name=user.global_name,
        avatar=user.avatar,
        banner=user.banner,
        accent_color=user.accent_color,
        bot=user.bot,
        system=bool(user.flags & SYSTEM_FLAG),
        flags=user.flags,
        public_flags=user.flags,
    )


def render_own_user(account: Account) -> OwnUserObject:
    """Return the private object, for the user itself."""
    user = account.user
    return OwnUserObject(
        id=str(user.id),
        username=user.username,
        global_name=user.global_name,
        avatar=user.avatar,
        banner=user.banner,
        accent_color=user.accent_color,
        bot=user.bot,
        flags=user.flags,
        public_flags=user.flags,
        locale=user.locale,
        email=account.email,
        bio=user.bio,
    )
