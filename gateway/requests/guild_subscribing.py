"""Op 14 and op 37: the subscriptions of a person's client, handed to the guilds.

Source: the behaviour of Discord's own clients. Discord's documentation says nothing of it. A guild that the session is
not in, and an invalid subscription, are ignored: old clients ask for features that do not exist any more.
"""

from typing import Final

from gateway.commands.commands import GuildSubscription, GuildSubscriptions, LazyGuilds
from gateway.guilds.guild_directory import GuildDirectory
from gateway.sessions.session import Session

MAX_GUILDS: Final = 200
"""The most guilds in one command: as many as a person can be in."""


class GuildSubscribing:
    __slots__ = ("_guilds",)

    def __init__(self, *, guilds: GuildDirectory) -> None:
        self._guilds = guilds

    def take(self, session: Session, command: LazyGuilds | GuildSubscriptions) -> None:
        """Hand subscriptions to the guilds. Those of bots are ignored."""
        if session.profile.is_bot:
            return
        if isinstance(command, LazyGuilds):
            self._subscribe(session, command.guild_id, command)
            return
        for guild_id, asked in list(command.subscriptions.items())[:MAX_GUILDS]:
            if guild_id.isascii() and guild_id.isdigit():
                self._subscribe(session, int(guild_id), asked)

    def _subscribe(self, session: Session, guild_id: int, asked: LazyGuilds | GuildSubscription) -> None:
        actor = self._guilds.find(guild_id)
        if actor is not None:
            actor.attention.subscribe(session, asked)
