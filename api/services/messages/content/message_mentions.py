"""The mentions of a message in its channel: those that `mentions` reads from the text, if users and roles exist."""

from collections.abc import Mapping
from typing import Final

import msgspec

from api.services.access import ChannelAccess
from api.services.entity_cache import EntityCache
from api.services.messages.content.mentions import AllowedMentions, find_mentions, select_roles, select_users
from core.domain.guilds.member import Member
from core.domain.guilds.permissions import Permission
from core.domain.people.user import User

_MENTION_EVERYONE: Final = int(Permission.MENTION_EVERYONE)


class Mentions(msgspec.Struct, kw_only=True, frozen=True):
    """The mentions of a message, as they are stored and shown."""

    users: tuple[User, ...] = ()
    members: Mapping[int, Member] = {}
    """The memberships of those users that are in the guild, keyed by user id."""
    role_ids: tuple[int, ...] = ()
    everyone: bool = False

    @property
    def user_ids(self) -> tuple[int, ...]:
        """The users' ids."""
        return tuple(user.id for user in self.users)


NOBODY: Final = Mentions()


async def resolve_mentions(
    entities: EntityCache, access: ChannelAccess, *, content: str, allowed: AllowedMentions, replied_id: int | None
) -> Mentions:
    """Resolve the mentions of a text by the sender of `access`. `replied_id` is the author of the answered message.

    A user counts who exists (in direct messages: who is a recipient). A role counts that is the guild's, if it is
    mentionable or the sender may mention all, which @everyone and @here need as well.
    """
    if "@" not in content and replied_id is None:
        return NOBODY
    found = find_mentions(content)
    user_ids = select_users(found, allowed)
    if replied_id is not None and allowed.replied_user and replied_id not in user_ids:
        user_ids.append(replied_id)
    if access.guild is None:
        user_ids = [user_id for user_id in user_ids if user_id in access.channel.recipient_ids]
        return Mentions(users=await _find_users(entities, user_ids))
    may_mention_all = access.has(_MENTION_EVERYONE)
    users = await _find_users(entities, user_ids)
    return Mentions(
        users=users,
        members=await entities.members(access.guild.entry.guild.id, [user.id for user in users]) if users else {},
        role_ids=select_roles(found, allowed, access.guild.entry.roles, may_mention_all=may_mention_all),
        everyone=found.everyone and allowed.everyone and may_mention_all,
    )


async def _find_users(entities: EntityCache, user_ids: list[int]) -> tuple[User, ...]:
    if not user_ids:
        return ()
    known = await entities.users(user_ids)
    return tuple(known[user_id] for user_id in user_ids if user_id in known)
