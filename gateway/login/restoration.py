"""A session of an earlier process on its way back, with the client that waits for it."""

from gateway.commands.commands import Command, Resume
from gateway.sessions.connection import Connection


class Restoration:
    """The state of one restoring. It is its connection's `session` until the real one is back."""

    __slots__ = ("command", "commands", "connection", "is_unwanted", "token_hash")

    def __init__(self, connection: Connection, command: Resume, token_hash: bytes) -> None:
        self.connection: Connection | None = connection
        """None when the client has gone meanwhile."""
        self.command = command
        self.commands: list[Command] = []
        """The commands that the client has sent since."""
        self.is_unwanted = False
        """Whether the client has ended the session meanwhile."""
        self.token_hash = token_hash
        connection.session = self

    def hand_over(self, connection: Connection, command: Resume) -> Connection | None:
        """Go on for another connection of the client. Return the one before, if it is still there."""
        before, self.connection = self.connection, connection
        self.command = command
        self.commands = []
        self.is_unwanted = False
        connection.session = self
        return before

    def lose(self, connection: Connection, *, is_unwanted: bool) -> None:
        """Note that a connection is gone. No error when it is one that was given up."""
        if self.connection is connection:
            self.connection = None
            self.is_unwanted = is_unwanted
