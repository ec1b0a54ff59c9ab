"""The people and the guilds of a run. A world is made once over REST, kept in a file, and used again."""

import msgspec


class Inhabitant(msgspec.Struct, frozen=True):
    """An account that is logged in."""

    id: str
    token: str
    guild: int
    """The number of the person's guild in the world."""
    place: int = 0
    """The how manieth of the guild's people, from 0."""


class Community(msgspec.Struct, frozen=True):
    """A guild with its text channels and voice channels."""

    id: str
    channel_ids: list[str]
    room_ids: list[str] = []


class Shape(msgspec.Struct, frozen=True):
    """What a run needs of a world."""

    guild_size: int
    """The people of a guild; 0 puts all into one."""
    channels: int
    rooms: int = 0
    """The voice channels of a guild."""


class World(msgspec.Struct, frozen=True):
    """All of them."""

    api: str
    gateways: list[str]
    """The addresses to which the server sends clients: in a cluster each worker's, unless a balancer is before them."""
    shape: Shape
    people: list[Inhabitant]
    guilds: list[Community]

    def fits(self, *, api: str, people: int, shape: Shape) -> bool:
        """Return whether a run of this shape can use the world. Guilds of everybody must have the exact size."""
        own = self.shape
        if (self.api, own.guild_size, own.channels) != (api, shape.guild_size, shape.channels):
            return False
        has_people = len(self.people) >= people if shape.guild_size else len(self.people) == people
        return has_people and own.rooms >= shape.rooms
