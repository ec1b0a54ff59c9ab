"""Resume: a session gets a new connection and the events that it missed. Synchronous, so no event comes in between.

A session that this process does not have may have been left by an earlier one, and in a cluster one that it has may be
another's by now (`gateway.login.restoring`).
"""

from core.domain.events import RESUMED
from core.domain.tokens import hash_token, strip_scheme
from core.runtime.metrics.metrics import Metrics
from core.wire import close_codes
from core.wire.opcodes import Opcode
from gateway.commands.commands import Resume
from gateway.homes.home_port import HomePort
from gateway.login.restoring import Restoring
from gateway.payloads.dispatch_body import DispatchBody
from gateway.sessions.connection import Connection
from gateway.sessions.session import Session
from gateway.sessions.session_table import SessionTable


class Resuming:
    __slots__ = ("_homes", "_metrics", "_restoring", "_resumed", "_table")

    def __init__(self, *, table: SessionTable, homes: HomePort, restoring: Restoring, metrics: Metrics) -> None:
        self._table = table
        self._homes = homes
        self._metrics = metrics
        self._restoring = restoring
        self._resumed = DispatchBody(RESUMED, b'{"_trace":[]}')

    def resume(self, connection: Connection, command: Resume) -> None:
        """Give the session to this connection, or refuse that.

        For an unknown session, another token or forgotten events the answer is op 9 `false`, and the client identifies
        anew. For a `seq` that the session has not reached it is close code 4007.
        """
        session = self._table.find(command.session_id)
        token_hash = hash_token(strip_scheme(command.token))
        if (command.seq or 0) < 0:
            self._refuse_seq(connection)
        elif session is not None and session.profile.token_hash != token_hash:
            self._invalidate(connection, "unknown")
        elif session is None or self._restoring.confirms:
            self._restoring.begin(connection, command, token_hash, self._attach)
        else:
            self._attach(connection, command, session, outcome="resumed")

    def _attach(self, connection: Connection, command: Resume, session: Session, *, outcome: str) -> None:
        """Give a session of this client to its connection. `outcome` is counted when that is possible."""
        seq = command.seq or 0
        if seq > session.seq:
            self._refuse_seq(connection)
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
            self._metrics.connections.resume_total.labels(outcome).inc()

    def _replace(self, session: Session, connection: Connection | None) -> None:
        """Give the session to a connection, and close the one before, which its client has given up."""
        before = self._table.take(session, connection)
        if before is not None:
            before.session = None
            before.close(close_codes.SESSION_TIMED_OUT)

    def _refuse_seq(self, connection: Connection) -> None:
        self._metrics.connections.resume_total.labels("invalid_seq").inc()
        connection.close(close_codes.INVALID_SEQ)

    def _invalidate(self, connection: Connection, outcome: str) -> None:
        self._metrics.connections.resume_total.labels(outcome).inc()
        connection.send(Opcode.INVALID_SESSION, d=False)
