"""Restoring: a client resumes a session that an earlier process had.

```
 claimed from what is left, with the newest cut that the client has passed ─→ a session that is numbered on from `seq`
   ─→ restored by the homes: in its guilds again, with all that it missed in its replay ring
   ─→ in the table, detached ─→ resumed as any other
```

Where others may claim what this process has, a session of its own table goes the same way: another process may have had
it for a moment, and then what its numbers say here is not what the client has.

```
 in the table ─→ does the journal say that it is still this process's? ─ yes ─→ resumed
                  └ no: let go ─→ claimed, as above
```

So the client gets what it missed as `seq` + 1, …, then RESUMED, and its numbers have no gap. What was dispatched
between the cut and the end of the earlier process comes once more. When that cannot be exact, the answer is op 9
`false`, and the client identifies anew.

A client that goes away meanwhile finds its session detached. If it comes back on another connection before the session
is there, that one takes the place of the first.

Owns the restorings that are under way.
"""

import logging
from typing import Protocol

from core.domain.errors import Unavailable
from core.runtime.metrics.metrics import Metrics
from core.runtime.settings.settings import GatewaySettings
from core.wire import close_codes
from core.wire.close_codes import CloseCode
from core.wire.opcodes import Opcode
from gateway.commands.commands import Resume
from gateway.homes.session_state import RestoreRefusal, SessionHomes
from gateway.journal.journal import Journal
from gateway.journal.left_sessions import LeftRefusal, LeftSession
from gateway.login.restoration import Restoration
from gateway.requests.session_commands import SessionCommands
from gateway.scheduling.tasks import Tasks
from gateway.sessions.connection import Connection
from gateway.sessions.session import Session
from gateway.sessions.session_table import SessionTable

logger = logging.getLogger(__name__)

_CLOSES = {
    LeftRefusal.INVALID_SEQ: close_codes.INVALID_SEQ,
    RestoreRefusal.REVOKED: close_codes.AUTHENTICATION_FAILED,
    RestoreRefusal.UNAVAILABLE: close_codes.UNKNOWN_ERROR,
}
"""The refusals that close the connection. After the last one the client may resume again."""


class Attach(Protocol):
    """The last step of a resume, which ordinary ones have as well."""

    def __call__(self, connection: Connection, command: Resume, session: Session, *, outcome: str) -> None: ...


class Restoring:
    __slots__ = (
        "_commands",
        "_homes",
        "_journal",
        "_metrics",
        "_options",
        "_table",
        "_tasks",
        "_under_way",
    )

    def __init__(
        self,
        *,
        journal: Journal,
        homes: SessionHomes,
        table: SessionTable,
        commands: SessionCommands,
        tasks: Tasks,
        options: GatewaySettings,
        metrics: Metrics,
    ) -> None:
        """`commands` gets what clients send before RESUMED."""
        self._commands = commands
        self._homes = homes
        self._journal = journal
        self._metrics = metrics
        self._options = options
        self._table = table
        self._tasks = tasks
        self._under_way: dict[str, Restoration] = {}
        """By session id."""

    @property
    def confirms(self) -> bool:
        """Whether sessions of the table must be looked for as well."""
        return self._journal.left.may_be_taken

    def begin(self, connection: Connection, command: Resume, token_hash: bytes, attach: Attach) -> None:
        """Look for a session. `attach` is called when it is there, unless it is refused."""
        under_way = self._under_way.get(command.session_id)
        if under_way is None and not self._journal.left.are_gone:
            restoration = Restoration(connection, command, token_hash)
            self._under_way[command.session_id] = restoration
            self._tasks.spawn(self._restore(restoration, attach))
        elif under_way is None or under_way.token_hash != token_hash:
            self._refuse(connection, LeftRefusal.UNKNOWN)
        else:
            before = under_way.hand_over(connection, command)
            if before is not None:
                before.session = None
                before.close(close_codes.SESSION_TIMED_OUT)

    async def _restore(self, restoration: Restoration, attach: Attach) -> None:
        session_id = restoration.command.session_id
        try:
            session = await self._bring_back(restoration)
        except Unavailable:
            session = RestoreRefusal.UNAVAILABLE
        except Exception:
            # One session must not stop all others. Whatever the error is, it is a fault of ours.
            logger.exception("a session could not be restored")
            session = RestoreRefusal.UNAVAILABLE
        finally:
            del self._under_way[session_id]
        connection, restoration.connection = restoration.connection, None
        if connection is not None:
            connection.session = None
        if isinstance(session, Session):
            self._hand_out(session, connection, restoration, attach)
        elif connection is not None:
            self._refuse(connection, session)

    async def _bring_back(self, restoration: Restoration) -> Session | LeftRefusal | RestoreRefusal:
        command = restoration.command
        held = self._table.find(command.session_id)
        if held is not None and await self._is_held(held):
            return held
        seq = command.seq or 0
        left = await self._journal.left.claim(command.session_id, token_hash=restoration.token_hash, seq=seq)
        if not isinstance(left, LeftSession):
            return left
        session = Session(
            left.facts.profile,
            replay_events=self._options.replay_events,
            replay_bytes=self._options.session_buffer_bytes,
            seq=seq,
        )
        self._table.reserve(session)
        refusal: RestoreRefusal | None = RestoreRefusal.UNAVAILABLE
        try:
            refusal = await self._homes.restore(session, left.facts.state, left.positions)
        finally:
            if refusal is not None:
                self._table.end(session)
        if refusal is None:
            return session
        if refusal is not RestoreRefusal.UNAVAILABLE:
            self._journal.writer.forget(session.id)
            self._tasks.spawn(self._journal.presences.tell_later(session.user_id, left.facts.state))
        return refusal

    async def _is_held(self, session: Session) -> bool:
        """Return whether a session of the table is still here, and let it go if another process has it."""
        try:
            is_held = await self._journal.left.is_held(session.id)
        except Unavailable:  # nobody else can claim it either
            is_held = True
        if not is_held:
            self._table.let_go(session.id)
        return self._table.find(session.id) is session

    def _hand_out(
        self, session: Session, connection: Connection | None, restoration: Restoration, attach: Attach
    ) -> None:
        was_here = self._table.find(session.id) is session
        if not was_here:
            self._table.add(session)
        if restoration.is_unwanted:
            self._table.end(session)
            return
        if not was_here:
            self._table.lose(session)
        if connection is None or not connection.is_open:
            return
        attach(connection, restoration.command, session, outcome="resumed" if was_here else "restored")
        for command in restoration.commands:
            if connection.session is session:
                self._commands.take(session, command)

    def _refuse(self, connection: Connection, refusal: LeftRefusal | RestoreRefusal) -> None:
        self._metrics.connections.resume_total.labels(refusal.value).inc()
        close_code: CloseCode | None = _CLOSES.get(refusal)
        if close_code is None:
            connection.send(Opcode.INVALID_SESSION, d=False)
        else:
            connection.close(close_code)
