"""Announcements of a user's public changes in all its guilds, which also invalidate the cached memberships."""

from api.services.announcements import guild_event
from api.services.ids import IdSource
from core.domain.events import GUILD_MEMBER_UPDATE
from core.store.interfaces import Transaction
from core.wire.objects.member import render_member


async def announce_in_guilds(tx: Transaction, ids: IdSource, user_id: int) -> None:
    """Announce GUILD_MEMBER_UPDATE in each guild of the user."""
    for guild_id in await tx.guilds.list_ids_of_user(user_id):
        member = await tx.members.find(guild_id, user_id)
        if member is not None:
            payload = render_member(member, with_guild_id=True)
            tx.announce(guild_event(ids.next(), GUILD_MEMBER_UPDATE, guild_id, payload, user_id=user_id))
