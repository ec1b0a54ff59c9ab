"""The seats that sessions of this worker have lost all at once, until each of the sessions has been taken from its own.

```
 a home is gone ─→ its seats are lost in this turn: what comes from its next life or conversation is not for them
                   ─→ the sessions are taken from them, some in each turn of the loop (`gateway.far.moves`)
```

So what happens in the one turn costs the same whatever the number of sessions is. Until it is taken from its seat, a
session is as far as it was when the seat was lost.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Final

from gateway.sessions.far_guild import FarGuild
from gateway.sessions.session import Session


class LostSeats:
    """Those in the guilds of one shard."""

    __slots__ = ("_broken", "_position", "guilds", "shard")

    def __init__(self, *, shard: int, guilds: dict[int, FarGuild], position: int, broken: Collection[int]) -> None:
        """`position` is how far the home had dispatched the shard. `broken` are guilds of which a part of an event may
        have come after it.
        """
        self._broken = broken
        self._position = position
        self.guilds: Final = guilds
        self.shard: Final = shard

    def after(self, guild_id: int) -> int:
        """Return the position up to which sessions were dispatched a guild's events, 0 when that is not known."""
        return 0 if guild_id in self._broken else self._position


def iterate_seats(guilds: Mapping[int, FarGuild]) -> Iterator[tuple[FarGuild, Session]]:
    """Return who sits in guilds, by their ids. Seats and guilds may be taken away between the steps."""
    for guild_id, guild in list(guilds.items()):
        for session in guild.sessions():
            if guilds.get(guild_id) is guild and session in guild:
                yield guild, session
