"""The deletion of a role, which takes it from all members and channels."""

from collections.abc import Iterable

from api.services.announcements import guild_event
from api.services.ids import IdSource
from core.domain.channels.channel import Channel
from core.domain.events import GUILD_ROLE_DELETE
from core.domain.guilds.role import Role
from core.store.interfaces import Transaction
from core.wire.before import MAX_HOLDERS, before_drop
from core.wire.envelope import Envelope
from core.wire.objects.guilds.role import RoleDeleted


async def delete_role(tx: Transaction, ids: IdSource, role: Role, channels: Iterable[Channel]) -> Envelope:
    """Delete a role in a unit of its guild, which has these channels. Return GUILD_ROLE_DELETE, to be announced.

    Raises:
        UnknownRole: when it is gone.
    """
    holder_ids = await tx.members.list_ids_of_role(role.guild_id, role.id, limit=MAX_HOLDERS + 1)
    await tx.roles.delete(role.id)
    payload = RoleDeleted(guild_id=str(role.guild_id), role_id=str(role.id))
    before = before_drop(role, channels, holder_ids)
    return guild_event(ids.next(), GUILD_ROLE_DELETE, role.guild_id, payload, before=before)
