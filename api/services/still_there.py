"""What a unit of work looks up again, because it may have gone since; `rights` is for what a caller's rights depend on."""

from core.domain.errors import UnknownGuild
from core.domain.guild import Guild
from core.store.interfaces import Transaction


async def fetch_guild(tx: Transaction, guild_id: int) -> Guild:
    """Raises UnknownGuild when it has gone."""
    guild = await tx.guilds.find(guild_id)
    if guild is None:
        raise UnknownGuild
    return guild
