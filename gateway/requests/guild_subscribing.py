"""Op 14 and op 37: the subscriptions of a person's client, handed to the guilds.

Source: the behaviour of Discord's own clients. Discord's documentation says nothing of it. A guild that the session is
not in, and an invalid subscription, are ignored: old clients ask for features that do not exist any more.
"""

from typing import Final

from gateway.commands.commands import GuildSubscriptions, LazyGuilds
from gateway.homes.home_port import HomePort
from gateway.sessions.session import Session

MAX_GUILDS: Final = 200
"""The most guilds in one command: as many as a person can be in."""


class GuildSubscribing:
    __slots__ = ("_homes",)

    def __init__(self, *, homes: HomePort) -> None:
        self._homes = homes

    def take(self, session: Session, command: LazyGuilds | GuildSubscriptions) -> None:
        """Hand subscriptions to the guilds. Those of bots are ignored."""
        if session.profile.is_bot:
            return
        if isinstance(command, LazyGuilds):
            self._homes.guilds.subscribe(session, command.guild_id, command)
            return
        for guild_id, asked in list(command.subscriptions.items())[:MAX_GUILDS]:
            if guild_id.isascii() and guild_id.isdigit():
                self._homes.guilds.subscribe(session, int(guild_id), asked)
