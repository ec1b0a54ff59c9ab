"""Op 14 and op 37: what a person's client looks at in its guilds, handed to those guilds.

Source: what Discord's own clients send; nothing of it is in Discord's documentation. A guild that the session is not in, and
anything that makes no sense, is passed over: old clients of theirs ask for what there is no more.
"""

from typing import Final

from gateway.commands.commands import GuildSubscription, GuildSubscriptions, LazyGuilds
from gateway.guilds.guild_directory import GuildDirectory
from gateway.sessions.session import Session

MAX_GUILDS: Final = 200
"""Of one command: as many as a person can be in."""


class GuildSubscribing:
    """See the module."""

    __slots__ = ("_guilds",)

    def __init__(self, *, guilds: GuildDirectory) -> None:
        self._guilds = guilds

    def take(self, session: Session, command: LazyGuilds | GuildSubscriptions) -> None:
        """Do as asked. Bots are not heard."""
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
