"""Resume: a session gets a new connection and the events that it missed. Synchronous, so no event comes in between."""

from core.domain.events import RESUMED
from core.domain.tokens import hash_token, strip_scheme
from core.runtime.metrics import Metrics
from core.wire import close_codes
from core.wire.opcodes import Opcode
from gateway.commands.commands import Resume
from gateway.homes.home_port import HomePort
from gateway.payloads.dispatch_body import DispatchBody
from gateway.sessions.connection import Connection
from gateway.sessions.session import Session
from gateway.sessions.session_table import SessionTable


class Resuming:
    __slots__ = ("_homes", "_metrics", "_resumed", "_table")

    def __init__(self, *, table: SessionTable, homes: HomePort, metrics: Metrics) -> None:
        self._table = table
        self._homes = homes
        self._metrics = metrics
        self._resumed = DispatchBody(RESUMED, b'{"_trace":[]}')

    def resume(self, connection: Connection, command: Resume) -> None:
        """Give the session to this connection, or refuse that.

        For an unknown session, another token or forgotten events the answer is op 9 `false`, and the client identifies
        anew. For a `seq` that the session has not reached it is close code 4007.
        """
        session = self._table.find(command.session_id)
        seq = command.seq or 0
        if session is None or session.profile.token_hash != hash_token(strip_scheme(command.token)):
            self._invalidate(connection, "unknown")
        elif seq < 0 or seq > session.seq:
            self._metrics.connections.resume_total.labels("invalid_seq").inc()
            connection.close(close_codes.INVALID_SEQ)
        elif not session.can_resume_after(seq):
            self._replace(session, None)
            self._table.end(session)
            self._invalidate(connection, "forgotten")
        else:
            self._replace(session, connection)
            connection.session = session
            if not session.profile.is_bot:
                connection.admit_person()
            session.replay(seq)
            session.dispatch(self._resumed)
            self._homes.users.regain(session)
            self._metrics.connections.resume_total.labels("resumed").inc()

    def _replace(self, session: Session, connection: Connection | None) -> None:
        """Give the session to a connection, and close the one before, which its client has given up."""
        before = self._table.take(session, connection)
        if before is not None:
            before.session = None
            before.close(close_codes.SESSION_TIMED_OUT)

    def _invalidate(self, connection: Connection, outcome: str) -> None:
        self._metrics.connections.resume_total.labels(outcome).inc()
        connection.send(Opcode.INVALID_SESSION, d=False)
