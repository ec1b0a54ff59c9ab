"""A client on its way from Identify to READY: what is known of it so far, and what it says meanwhile."""

from collections.abc import Callable, Mapping

from core.domain.login import LoginSnapshot
from gateway.commands import Command, Identify
from gateway.connection import Connection
from gateway.guild_directory import GuildVisit
from gateway.session import Session


class Arrival:
    """Stands at its connection's `session` until there is one. Written by `gateway.identify` alone."""

    __slots__ = (
        "command",
        "commands",
        "connection",
        "last_message_ids",
        "later",
        "rounds",
        "session",
        "snapshot",
        "stays",
        "token_hash",
        "visits",
    )

    def __init__(self, connection: Connection, command: Identify, token_hash: bytes) -> None:
        self.connection = connection
        self.command = command
        self.token_hash = token_hash
        self.commands: list[Command] = []
        """What its client says before READY."""
        self.session: Session | None = None
        """Once the login is found to be good. It has a seat at its user's actor from then on."""
        self.snapshot: LoginSnapshot | None = None
        self.last_message_ids: Mapping[int, int] = {}
        """Of the direct channels."""
        self.visits: list[GuildVisit] = []
        """Guilds that READY waits for."""
        self.later: list[int] = []
        """Guilds that follow."""
        self.stays: list[Callable[[], None]] = []
        """Ends what keeps its guilds in memory until it comes again."""
        self.rounds = 0
        """How often it had to wait for guilds."""

    @property
    def is_wanted(self) -> bool:
        """Whether its client is still there."""
        return self.connection.is_open and self.connection.session is self

    def end_stays(self) -> None:
        """Guilds may go again. Safe to call twice."""
        stays, self.stays = self.stays, []
        for end in stays:
            end()

    def end_visits(self) -> None:
        """Memberships may go again. Safe to call twice."""
        visits, self.visits = self.visits, []
        for visit in visits:
            visit.close()
