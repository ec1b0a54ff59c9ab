"""Stays at a guild that is loaded, without a directory."""

from gateway.guilds.guild_actor import GuildActor
from gateway.guilds.guild_stay import GuildEntry, GuildStay


def make_stay(actor: GuildActor, user_id: int, *, is_new: bool = False) -> GuildStay:
    """Make a stay that holds the user's membership."""
    entry = GuildEntry(actor.guild_id)
    entry.actor = actor
    entry.loaded.set()
    stay = GuildStay(entry, user_id, is_new=is_new, collects=is_new, end=lambda _: None)
    stay.hold()
    return stay
