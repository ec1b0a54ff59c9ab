"""Who may ask whom for friendship: everybody, or as the one who is asked has set it (`friend_source_flags`)."""

from core.domain.errors import FriendRequestsClosed
from core.domain.people.relationship import RelationshipType
from core.store.interfaces import Transaction
from core.wire.objects.people.preferences import parse_user_settings


async def require_open(tx: Transaction, asker_id: int, asked_id: int) -> None:
    """Check, within the unit of work of both, that a request of the one is welcome to the other.

    Raises:
        FriendRequestsClosed
    """
    settings = parse_user_settings((await tx.preferences.find_settings(asked_id)).changed)
    sources = settings.friend_source_flags
    if sources.all:
        return
    if sources.mutual_friends and await _have_mutual_friends(tx, asker_id, asked_id):
        return
    if sources.mutual_guilds and await _have_mutual_guilds(tx, asker_id, asked_id):
        return
    raise FriendRequestsClosed


async def _have_mutual_friends(tx: Transaction, one_id: int, other_id: int) -> bool:
    friends = [
        {each for each, kind in (await tx.relationships.types_of(user_id)).items() if kind is RelationshipType.FRIEND}
        for user_id in (one_id, other_id)
    ]
    return not friends[0].isdisjoint(friends[1])


async def _have_mutual_guilds(tx: Transaction, one_id: int, other_id: int) -> bool:
    own = await tx.guilds.list_ids_of_user(one_id)
    return not set(own).isdisjoint(await tx.guilds.list_ids_of_user(other_id))
