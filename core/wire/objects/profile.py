"""Profiles on the wire."""

import msgspec

from core.domain.guilds.member import Member
from core.wire.objects.guilds.member import MemberObject
from core.wire.objects.people.user import UserObject


class ProfileUserObject(UserObject, kw_only=True):
    """The user of a profile."""

    bio: str = ""


class ProfileObject(msgspec.Struct, kw_only=True):
    """The texts of a user about itself."""

    bio: str = ""
    accent_color: int | None = None
    pronouns: str = ""
    banner: str | None = None
    theme_colors: list[int] | None = None


class MemberProfileObject(msgspec.Struct, kw_only=True):
    """The texts of a member about itself in one guild."""

    guild_id: str
    bio: str = ""
    accent_color: int | None = None
    pronouns: str = ""
    banner: str | None = None


def render_member_profile(member: Member) -> MemberProfileObject:
    """Return what a member says of itself in its guild."""
    return MemberProfileObject(
        guild_id=str(member.guild_id), bio=member.bio, pronouns=member.pronouns, banner=member.banner
    )


class MutualGuildObject(msgspec.Struct, kw_only=True):
    """A common guild, and the user's name there."""

    id: str
    nick: str | None


class UserProfileObject(msgspec.Struct, kw_only=True):
    """GET /users/{id}/profile, as Discord's own client reads it."""

    user: ProfileUserObject
    user_profile: ProfileObject
    connected_accounts: list[str] = []
    premium_since: str | None = None
    premium_type: int | None = None
    guild_member: MemberObject | msgspec.UnsetType = msgspec.UNSET
    guild_member_profile: MemberProfileObject | msgspec.UnsetType = msgspec.UNSET
    badges: list[str] = []
    guild_badges: list[str] = []
    mutual_guilds: list[MutualGuildObject]
    mutual_friends: list[UserObject] = []
    mutual_friends_count: int = 0
