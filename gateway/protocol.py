"""The routing of clients' commands, and the end of connections."""

from typing import Final

from gateway.commands.commands import Command, Identify, Resume
from gateway.login.identify import Identifying
from gateway.login.login import Login
from gateway.login.restoration import Restoration
from gateway.login.resume import Resuming
from gateway.requests.session_commands import SessionCommands
from gateway.sessions.connection import Connection
from gateway.sessions.session import Session
from gateway.sessions.session_table import SessionTable

_SESSION_ENDING: Final = frozenset({1000, 1001})
"""The close codes by which a client ends its session (Discord's documentation, "Disconnecting")."""


class GatewayProtocol:
    """The `ConnectionHandler` of the listener."""

    __slots__ = ("_commands", "_identifying", "_resuming", "_table")

    def __init__(
        self, *, identifying: Identifying, resuming: Resuming, commands: SessionCommands, table: SessionTable
    ) -> None:
        self._commands = commands
        self._identifying = identifying
        self._resuming = resuming
        self._table = table

    def on_command(self, connection: Connection, command: Command) -> None:
        """Hand a command to the part that handles it."""
        match command:
            case Identify():
                self._identifying.begin(connection, command)
                return
            case Resume():
                self._resuming.resume(connection, command)
                return
        session = connection.session
        if isinstance(session, Login | Restoration):
            session.commands.append(command)
        elif isinstance(session, Session):
            self._commands.take(session, command)

    def on_closed(self, connection: Connection, code: int | None) -> None:
        """End or detach the session of a connection that is gone.

        A session on its way to READY ends. One on its way back waits for another connection when it is there.
        """
        session = connection.session
        connection.session = None
        if isinstance(session, Login) and session.session is not None:
            self._table.end(session.session)
        if isinstance(session, Restoration):
            session.lose(connection, is_unwanted=code in _SESSION_ENDING)
        if not isinstance(session, Session) or session.connection is not connection:
            return
        if code in _SESSION_ENDING:
            self._table.part(session)
        else:
            self._table.lose(session)
