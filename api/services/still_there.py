"""Entities that a unit of work looks up again, as they may be gone. `rights` has those that rights depend on."""

from core.domain.errors import OwnerIsBot, UnknownGuild, UnknownMember
from core.domain.guilds.guild import Guild
from core.store.interfaces import Transaction


async def fetch_guild(tx: Transaction, guild_id: int) -> Guild:
    """Return the guild. Raises UnknownGuild when it is gone."""
    guild = await tx.guilds.find(guild_id)
    if guild is None:
        raise UnknownGuild
    return guild


async def require_new_owner(tx: Transaction, guild_id: int, user_id: int) -> None:
    """Raise UnknownMember or OwnerIsBot unless the user is a member to whom the guild may be given."""
    if await tx.members.find(guild_id, user_id) is None:
        raise UnknownMember
    user = await tx.users.find(user_id)
    if user is None or user.bot:
        raise OwnerIsBot
