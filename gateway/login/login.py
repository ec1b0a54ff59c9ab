"""A login: a client's way from Identify to READY, with the data read so far and the commands that wait for READY."""

from collections.abc import Mapping, Sequence

from core.domain.login import LoginSnapshot
from core.live.interfaces import Start
from core.wire.envelope import Envelope
from gateway.commands.commands import Command, Identify
from gateway.events.login_windows import Window
from gateway.homes.home_port import Stay
from gateway.login.private_data import PrivateData
from gateway.sessions.connection import Connection
from gateway.sessions.session import Session


class Login:
    """The state of one login. It is its connection's `session` until there is a real one.

    Written by `gateway.login.identify`, except the data of reads, which `gateway.login.login_reads` fills in at each
    read.
    """

    __slots__ = (
        "command",
        "commands",
        "connection",
        "is_unavailable",
        "last_message_ids",
        "later",
        "private",
        "rounds",
        "session",
        "snapshot",
        "start",
        "stays",
        "token_hash",
        "window",
    )

    def __init__(self, connection: Connection, command: Identify, token_hash: bytes) -> None:
        self.connection = connection
        self.command = command
        self.token_hash = token_hash
        self.commands: list[Command] = []
        """The commands that its client sends before READY."""
        self.window: Window
        """The window of its read, while it is read and until it is taken."""
        self.snapshot: LoginSnapshot | None = None
        """None when the token is nobody's."""
        self.last_message_ids: Mapping[int, int] = {}
        """The newest messages of its direct channels, and of those of the logins that were read with it."""
        self.private = PrivateData()
        """What is the person's alone. Empty for bots."""
        self.is_unavailable = False
        """Whether the store could not be read."""
        self.session: Session | None = None
        """The session, once the login is found to be good. It has a seat at its user's actor from then on."""
        self.start: Start | None = None
        """The count of a bot's identify, None for people and for what is refused anyway."""
        self.stays: dict[int, Stay] = {}
        """The guilds that READY waits for, by id."""
        self.later: list[int] = []
        """The guilds that follow READY."""
        self.rounds = 0
        """The number of times that it had to wait for guilds."""

    @property
    def is_wanted(self) -> bool:
        """Whether its client is still there."""
        return self.connection.is_open and self.connection.session is self

    def missed_events(self, user_id: int) -> Sequence[Envelope]:
        """Return the user's events that have passed since the read began."""
        return self.window.events_of(user_id)

    def close_stays(self) -> None:
        """Close the stays. Safe to call twice."""
        stays, self.stays = self.stays, {}
        for stay in stays.values():
            stay.close()
