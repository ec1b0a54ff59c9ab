"""What a unit of work looks up again: a caller's rights were read before its turn came, and things may have gone since."""

from core.domain.channel import Channel
from core.domain.errors import UnknownChannel, UnknownGuild
from core.domain.guild import Guild
from core.store.interfaces import Transaction


async def fetch_guild(tx: Transaction, guild_id: int) -> Guild:
    """Raises UnknownGuild when it has gone."""
    guild = await tx.guilds.find(guild_id)
    if guild is None:
        raise UnknownGuild
    return guild


async def fetch_channels(tx: Transaction, guild_id: int) -> dict[int, Channel]:
    """The guild's channels by id. Raises UnknownGuild when it has gone."""
    snapshot = await tx.guilds.load_snapshot(guild_id)
    if snapshot is None:
        raise UnknownGuild
    return {channel.id: channel for channel in snapshot.channels}


async def fetch_channel(tx: Transaction, channel_id: int) -> Channel:
    """Raises UnknownChannel when it has gone."""
    channel = await tx.channels.find(channel_id)
    if channel is None:
        raise UnknownChannel
    return channel
