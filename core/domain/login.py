"""What a login at the gateway begins with: who it is and where they are, as of one instant."""

from collections.abc import Mapping

import msgspec

from core.domain.application import Application
from core.domain.channel import Channel
from core.domain.member import Member
from core.domain.user import Account, AuthSession, User


class LoginSnapshot(msgspec.Struct, kw_only=True, frozen=True):
    """A login with its account and everything that READY and the way into the guilds need to know of it."""

    auth: AuthSession
    account: Account
    application: Application | None = None
    """A bot's."""
    memberships: tuple[Member, ...] = ()
    """By ascending guild id."""
    direct_channels: tuple[Channel, ...] = ()
    """A person's, by ascending id."""
    direct_users: Mapping[int, User] = {}
    """The recipients of `direct_channels` that still exist, by id."""
