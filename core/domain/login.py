"""The snapshot with which a login at the gateway begins: the user and its memberships, as of one instant."""

from collections.abc import Mapping

import msgspec

from core.domain.application import Application
from core.domain.channels.channel import Channel
from core.domain.guilds.member import Member
from core.domain.people.relationship import Relationship, RelationshipType
from core.domain.people.user import Account, AuthSession, User


class LoginSnapshot(msgspec.Struct, kw_only=True, frozen=True):
    """An auth session with its account and all that READY and the way into the guilds need of it."""

    auth: AuthSession
    account: Account
    application: Application | None = None
    """The application of a bot."""
    memberships: tuple[Member, ...] = ()
    """The memberships, by ascending guild id."""
    direct_channels: tuple[Channel, ...] = ()
    """The direct channels of a person, by ascending id."""
    direct_users: Mapping[int, User] = {}
    """The recipients of `direct_channels` that still exist, keyed by user id."""
    relationships: tuple[Relationship, ...] = ()
    """The user's friends, requests and blocks, by ascending id of the others."""
    related_users: Mapping[int, User] = {}
    """The others of `relationships`, keyed by user id."""

    @property
    def friend_ids(self) -> list[int]:
        """The user's friends."""
        return [side.other_id for side in self.relationships if side.type == RelationshipType.FRIEND]
