"""The people and the guilds of a run. A world is made once over REST, kept in a file, and used again."""

import msgspec


class Inhabitant(msgspec.Struct, frozen=True):
    """An account that is logged in."""

    id: str
    token: str
    guild: int
    """The number of the person's guild in the world."""


class Community(msgspec.Struct, frozen=True):
    """A guild with its text channels."""

    id: str
    channel_ids: list[str]


class World(msgspec.Struct, frozen=True):
    """All of them."""

    api: str
    gateway: str
    guild_size: int
    channels: int
    people: list[Inhabitant]
    guilds: list[Community]

    def fits(self, *, api: str, people: int, guild_size: int, channels: int) -> bool:
        """Return whether a run of this shape can use the world. Guilds of everybody must have the exact size."""
        if (self.api, self.guild_size, self.channels) != (api, guild_size, channels):
            return False
        return len(self.people) >= people if guild_size else len(self.people) == people
