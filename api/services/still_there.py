"""Entities that a unit of work looks up again, as they may be gone. `rights` has those that rights depend on."""

from core.domain.errors import UnknownGuild
from core.domain.guilds.guild import Guild
from core.store.interfaces import Transaction


async def fetch_guild(tx: Transaction, guild_id: int) -> Guild:
    """Return the guild. Raises UnknownGuild when it is gone."""
    guild = await tx.guilds.find(guild_id)
    if guild is None:
        raise UnknownGuild
    return guild
