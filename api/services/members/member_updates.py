"""Announcements of a user's public changes in all its guilds, which also invalidate the cached memberships.

The guilds are locked before the change is written: a unit of one of them may wait for the user's row, which it refers
to, and the two would wait for each other. The user's guilds cannot become more meanwhile, because a join names the user
too.
"""

from api.services.announcements import guild_event
from api.services.ids import IdSource
from core.domain.events import GUILD_MEMBER_UPDATE
from core.store.interfaces import Transaction
from core.wire.before import before_member
from core.wire.objects.guilds.member import render_member


async def lock_guilds(tx: Transaction, user_id: int) -> None:
    """Lock the guilds of a user that the unit of work has named."""
    await tx.lock(guilds=await tx.guilds.list_ids_of_user(user_id))


async def announce_in_guilds(tx: Transaction, ids: IdSource, user_id: int) -> None:
    """Announce GUILD_MEMBER_UPDATE in each guild of the user, which `lock_guilds` has locked."""
    for guild_id in await tx.guilds.list_ids_of_user(user_id):
        member = await tx.members.find(guild_id, user_id)
        if member is not None:
            payload = render_member(member, with_guild_id=True)
            # A change of the user leaves its roles alone.
            before = before_member(member)
            tx.announce(guild_event(ids.next(), GUILD_MEMBER_UPDATE, guild_id, payload, user_id=user_id, before=before))
