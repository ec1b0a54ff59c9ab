"""Identify: from a token to a session that is READY and attached to its guilds.

```
 token ─→ login read (gateway.login_reads) ─→ checks (intents, shard, limits) ─→ seat at the user's actor
   ─→ guilds at hand? ─ no ─→ loaded ─→ login read again
             └─ yes ─→ READY, held user events, GUILD_CREATE of each guild, live from there
```

Logins come several at a time and go live together, in one turn of the loop. Everything that can go wrong is a `Refusal` until
then. What was read is used in the same turn in which its window is looked at, or not at all; so a login that has to wait for
guilds is read anew. A login that is revoked, or a connection that is lost, while all this goes on is noticed before READY.
"""

import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, TypeVar

from core.domain.errors import Unavailable
from core.domain.events import SESSION_REVOKED
from core.domain.login import LoginSnapshot
from core.domain.tokens import hash_token, strip_scheme
from core.wire import close_codes
from core.wire.close_codes import CloseCode
from core.wire.internal_events import parse_revoked
from core.wire.opcodes import Opcode
from gateway.arrival import Arrival
from gateway.batch_timer import CallLater
from gateway.commands import Command, Identify
from gateway.connection import Connection
from gateway.guild_attachment import PREPARED_GUILDS, GuildAttachment
from gateway.login_reads import LoginReads, ReadLogin
from gateway.ready import ReadyMaker
from gateway.refusal import Refusal
from gateway.session import Session
from gateway.session_factory import SessionFactory
from gateway.session_table import SessionTable
from gateway.tasks import Tasks
from gateway.user_directory import UserDirectory

logger = logging.getLogger(__name__)

T = TypeVar("T")

MAX_GUILDS_OF_A_SHARD: Final = 2500
"""Discord's bound; more needs more client shards."""

MAX_ROUNDS: Final = 8
"""How often a login waits for its guilds. One is usual in a server that has just started; more need events about the user in
the very milliseconds of each read."""


class Identifying:
    """See the module."""

    __slots__ = (
        "_attachment",
        "_call_later",
        "_factory",
        "_on_command",
        "_readies",
        "_reads",
        "_resume_url",
        "_table",
        "_tasks",
        "_users",
    )

    def __init__(  # noqa: PLR0913 - it stands between all that a login needs
        self,
        *,
        reads: LoginReads,
        factory: SessionFactory,
        tasks: Tasks,
        users: UserDirectory,
        attachment: GuildAttachment,
        table: SessionTable,
        call_later: CallLater,
        resume_url: Callable[[str], str],
        on_command: Callable[[Connection, Command], None],
    ) -> None:
        """`resume_url` gives our address for the host that a client asked for.

        `on_command` takes what a client said between Identify and READY, once the session is there.
        """
        self._reads = reads
        self._readies = ReadyMaker()
        self._factory = factory
        self._tasks = tasks
        self._users = users
        self._attachment = attachment
        self._table = table
        self._call_later = call_later
        self._resume_url = resume_url
        self._on_command = on_command

    def begin(self, connection: Connection, command: Identify) -> None:
        """Start a connection's login."""
        arrival = Arrival(connection, command, hash_token(strip_scheme(command.token)))
        connection.session = arrival
        self._reads.ask(arrival)

    def take(self, logins: Sequence[ReadLogin]) -> int:
        """Let in those whose login has been read; how many came in."""
        here = [login.arrival for login in logins if self._try(login.arrival, self._come_in, login)]
        self._attachment.catch_up()
        ready = [arrival for arrival in here if self._try(arrival, self._send_ready, arrival)]
        for arrival in ready:
            self._try(arrival, self._enter_guilds, arrival)
        return len(ready)

    # -- each step of one login; whether it goes on

    def _try(self, arrival: Arrival, step: Callable[[T], bool], about: T) -> bool:
        try:
            if step(about):
                return True
        except Refusal as refusal:
            self._give_up(arrival, refusal.close_code, hold_s=refusal.hold_s)
        except Unavailable:
            self._give_up(arrival, close_codes.UNKNOWN_ERROR)
        except Exception:
            # One login must not keep all others out; whatever it is, it is a fault of ours.
            logger.exception("a login failed")
            self._give_up(arrival, close_codes.UNKNOWN_ERROR)
        return False

    def _come_in(self, login: ReadLogin) -> bool:
        arrival = login.arrival
        arrival.snapshot = snapshot = self._check(login)
        arrival.last_message_ids = login.last_message_ids
        user_id = snapshot.account.user.id
        if arrival.session is None:
            arrival.session = self._take_seat(arrival, snapshot)
            self._users.hold(arrival.session, login.events_of(user_id))
        wanted = [member for member in snapshot.memberships if arrival.session.wants_guild(member.guild_id)]
        if len(wanted) > MAX_GUILDS_OF_A_SHARD:
            raise Refusal(close_codes.SHARDING_REQUIRED)
        missing = []
        for member in wanted[:PREPARED_GUILDS]:
            is_current = login.is_current(member.guild_id, user_id)
            visit = self._attachment.visit_now(member) if is_current else None
            if visit is None:
                missing.append(member.guild_id)
            else:
                arrival.visits.append(visit)
        arrival.later = [member.guild_id for member in wanted[PREPARED_GUILDS:]]
        arrival.end_stays()
        if missing:
            self._come_again(arrival, missing)
        return not missing

    def _check(self, login: ReadLogin) -> LoginSnapshot:
        snapshot = login.snapshot
        if login.is_unavailable:
            raise Unavailable("the login could not be read")
        if not login.arrival.is_wanted:
            raise Refusal(close_codes.UNKNOWN_ERROR)
        if snapshot is None:
            raise Refusal(close_codes.AUTHENTICATION_FAILED)
        for envelope in login.events_of(snapshot.account.user.id):
            if envelope.event == SESSION_REVOKED and parse_revoked(envelope.payload) == snapshot.auth.id:
                raise Refusal(close_codes.AUTHENTICATION_FAILED)
        return snapshot

    def _take_seat(self, arrival: Arrival, snapshot: LoginSnapshot) -> Session:
        session = self._factory.make_session(arrival.command, snapshot.auth, snapshot.account, snapshot.application)
        self._users.enter(session)
        return session

    def _come_again(self, arrival: Arrival, guild_ids: Sequence[int]) -> None:
        """When these guilds are in memory."""
        arrival.end_visits()
        arrival.rounds += 1
        if arrival.rounds > MAX_ROUNDS:
            raise Unavailable("a login does not come to an end")
        self._tasks.spawn(self._load(arrival, guild_ids))

    async def _load(self, arrival: Arrival, guild_ids: Sequence[int]) -> None:
        try:
            arrival.stays = await self._attachment.load(guild_ids)
        except Unavailable:
            self._give_up(arrival, close_codes.UNKNOWN_ERROR)
        except BaseException:
            self._give_up(arrival, close_codes.UNKNOWN_ERROR)
            raise
        else:
            self._reads.ask(arrival)

    def _send_ready(self, arrival: Arrival) -> bool:
        session, snapshot, connection = arrival.session, arrival.snapshot, arrival.connection
        assert session is not None, "it has come in"  # noqa: S101 - for the type checker
        assert snapshot is not None, "it has come in"  # noqa: S101
        if session.is_ended:  # its login was revoked
            raise Refusal(close_codes.AUTHENTICATION_FAILED)
        if not arrival.is_wanted:
            raise Refusal(close_codes.UNKNOWN_ERROR)
        visits = [visit for visit in arrival.visits if visit.is_member]
        ready = self._readies.build(
            session,
            snapshot,
            guild_ids=[visit.actor.guild_id for visit in visits] + arrival.later,
            is_sharded=arrival.command.shard is not None,
            resume_url=self._resume_url(connection.host),
            last_message_ids=arrival.last_message_ids,
        )
        if snapshot.account.user.bot:
            if arrival.command.wants_payload_compression:
                connection.compress_payloads()
        else:
            connection.admit_person()
        session.connection = connection
        connection.session = session
        self._table.add(session)
        session.dispatch(ready)
        self._attachment.attach_later(session, arrival.later)
        self._users.start(session, arrival.command.presence)
        self._attachment.show(session.user_id, visits)
        return True

    def _enter_guilds(self, arrival: Arrival) -> bool:
        session = arrival.session
        assert session is not None, "it has come in"  # noqa: S101 - for the type checker
        for visit in arrival.visits:
            self._attachment.attach(session, visit)
        arrival.end_visits()
        for waiting in arrival.commands:
            self._on_command(arrival.connection, waiting)
        return True

    def _give_up(self, arrival: Arrival, close_code: CloseCode | None, *, hold_s: float = 0.0) -> None:
        """Take back what it has got, and tell its client, if that is still there."""
        session, connection = arrival.session, arrival.connection
        arrival.end_visits()
        arrival.end_stays()
        is_waiting = connection.session is arrival or connection.session is session is not None
        if session is not None and not session.is_ended:
            if self._table.find(session.id) is session:
                self._table.end(session)
            else:
                self._users.leave(session)
        if not is_waiting:
            return
        if hold_s > 0:
            # A client that identifies again as soon as it hears op 9 (oceanic.js) would use up its commands in a moment.
            self._call_later(hold_s, partial(_invalidate, arrival))
            return
        connection.session = None
        if close_code is None:
            connection.send(Opcode.INVALID_SESSION, d=False)
        else:
            connection.close(close_code)


def _invalidate(arrival: Arrival) -> None:
    """The answer that was held back."""
    if arrival.is_wanted:
        arrival.connection.session = None
        arrival.connection.send(Opcode.INVALID_SESSION, d=False)
