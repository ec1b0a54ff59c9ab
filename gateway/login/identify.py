"""Identify: a login's way from a token to a session that is READY and has entered its guilds.

```
 token ─→ login read (gateway.login.login_reads) ─→ checks (intents, shard, limits) ─→ seat at the user's actor
   ─→ stays at its guilds: all open, memberships known? ─ no ─→ opened ─→ login read again
             └─ yes ─→ READY, held user events, GUILD_CREATE of each guild, live from there          bots
                       guilds entered, READY with them, READY_SUPPLEMENTAL, held user events         people
```

Logins come several at a time and go live together, in one turn of the loop. Until then every failure is a `Refusal`.
The data of a read is used in the turn in which its window is checked, or not at all. So a login that has to wait for
guilds is read anew, with its stays open. An auth session that is revoked meanwhile, or a connection that is lost, is
noticed before READY.
"""

import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from core.domain.errors import Unavailable
from core.domain.events import SESSION_REVOKED
from core.domain.guilds.member import Member
from core.domain.login import LoginSnapshot
from core.domain.tokens import hash_token, strip_scheme
from core.wire import close_codes
from core.wire.close_codes import CloseCode
from core.wire.internal_events import parse_revoked
from core.wire.opcodes import Opcode
from gateway.commands.commands import Identify
from gateway.homes.home_port import HomePort, Stay
from gateway.login.login import Login
from gateway.login.login_reads import LoginReads
from gateway.login.peoples_ready import PeoplesReadyMaker
from gateway.login.ready import ReadyMaker
from gateway.login.refusal import Refusal
from gateway.login.session_factory import SessionFactory
from gateway.payloads.body import Body
from gateway.requests.session_commands import SessionCommands
from gateway.scheduling.batch_timer import CallLater
from gateway.scheduling.tasks import Tasks
from gateway.sessions.connection import Connection
from gateway.sessions.session import Session
from gateway.sessions.session_table import SessionTable
from gateway.sessions.too_many import TooManySessions
from gateway.transport.public_address import PublicAddress

logger = logging.getLogger(__name__)

PREPARED_GUILDS: Final = 200
"""The number of guilds that READY waits for, which is all that a person can have. The other guilds of a large bot
follow one by one, because loading them all would delay READY too long."""

MAX_GUILDS_OF_A_SHARD: Final = 2500
"""Discord's bound; more needs more client shards."""

MAX_ROUNDS: Final = 8
"""The times that a login waits for its guilds. Once is usual in a server that has just started. It happens again only
when the user joins another guild within the milliseconds of the next read."""


class Identifying:
    __slots__ = (
        "_address",
        "_call_later",
        "_commands",
        "_factory",
        "_homes",
        "_on_logins",
        "_peoples_readies",
        "_readies",
        "_reads",
        "_table",
        "_tasks",
    )

    def __init__(  # noqa: PLR0913 - a login needs all of these parts
        self,
        *,
        reads: LoginReads,
        factory: SessionFactory,
        tasks: Tasks,
        homes: HomePort,
        table: SessionTable,
        call_later: CallLater,
        address: PublicAddress,
        commands: SessionCommands,
        on_logins: Callable[[int], None],
    ) -> None:
        """`commands` gets the commands before READY. `on_logins` takes the number of logins that came together."""
        self._address = address
        self._call_later = call_later
        self._commands = commands
        self._factory = factory
        self._homes = homes
        self._on_logins = on_logins
        self._peoples_readies = PeoplesReadyMaker()
        self._readies = ReadyMaker()
        self._reads = reads
        self._table = table
        self._tasks = tasks

    def begin(self, connection: Connection, command: Identify) -> None:
        """Start a connection's login."""
        login = Login(connection, command, hash_token(strip_scheme(command.token)))
        connection.session = login
        self._reads.ask(login)

    def take(self, logins: Sequence[Login]) -> None:
        """Let logins in that have been read and whose guilds are open."""
        here = [login for login in logins if self._try(self._come_in, login)]
        self._homes.guilds.catch_up()
        shown = [login for login in here if self._try(self._show, login)]
        ready = [login for login in shown if self._try(self._send_ready, login)]
        for login in ready:
            self._try(self._enter_guilds, login)
        self._on_logins(len(ready))

    # -- the steps of one login; each returns whether the login goes on

    def _try(self, step: Callable[[Login], bool], login: Login) -> bool:
        try:
            if step(login):
                return True
        except Refusal as refusal:
            self._give_up(login, refusal.close_code, hold_s=refusal.hold_s)
        except Unavailable:
            self._give_up(login, close_codes.UNKNOWN_ERROR)
        except Exception:
            # One login must not stop all others. Whatever the error is, it is a fault of ours.
            logger.exception("a login failed")
            self._give_up(login, close_codes.UNKNOWN_ERROR)
        return False

    def _come_in(self, login: Login) -> bool:
        snapshot = self._check(login)
        session = login.session or self._take_seat(login, snapshot)
        wanted = [member for member in snapshot.memberships if session.wants_guild(member.guild_id)]
        if len(wanted) > MAX_GUILDS_OF_A_SHARD:
            raise Refusal(close_codes.SHARDING_REQUIRED)
        login.later = [member.guild_id for member in wanted[PREPARED_GUILDS:]]
        if self._stay_at(login, session, wanted[:PREPARED_GUILDS]) and self._homes.users.knows_all(session):
            return True
        login.rounds += 1
        if login.rounds > MAX_ROUNDS:
            raise Unavailable("a login does not come to an end")
        self._tasks.spawn(self._open_guilds(login, session))
        return False

    def _check(self, login: Login) -> LoginSnapshot:
        if login.is_unavailable:
            raise Unavailable("the login could not be read")
        if not login.is_wanted:
            raise Refusal(close_codes.UNKNOWN_ERROR)
        if login.snapshot is None:
            raise Refusal(close_codes.AUTHENTICATION_FAILED)
        for envelope in login.missed_events(login.snapshot.account.user.id):
            if envelope.event == SESSION_REVOKED and parse_revoked(envelope.payload) == login.snapshot.auth.id:
                raise Refusal(close_codes.AUTHENTICATION_FAILED)
        return login.snapshot

    def _take_seat(self, login: Login, snapshot: LoginSnapshot) -> Session:
        session = self._factory.make_session(
            login.command, snapshot.auth, snapshot.account, snapshot.application, start=login.start
        )
        login.session = session
        self._homes.users.enter(session)
        self._homes.users.plan_presence(session, login.command.presence, login.private.settings)
        self._homes.users.know_relationships(session, snapshot.relationships)
        self._homes.users.hold(session, login.missed_events(session.user_id))
        return session

    def _stay_at(self, login: Login, session: Session, members: Sequence[Member]) -> bool:
        """Keep stays at these guilds and no others. Return whether the session can enter all of them."""
        before, login.stays = login.stays, {}
        for member in members:
            guild_id = member.guild_id
            is_there = guild_id in before
            login.stays[guild_id] = before.pop(guild_id) if is_there else self._homes.guilds.stay(session, guild_id)
        for left in before.values():
            if left.has_entered:
                login.stays[left.guild_id] = left
            else:
                left.close()
        settled = [_settle(login, login.stays[member.guild_id], member) for member in members]
        return all(settled)

    async def _open_guilds(self, login: Login, session: Session) -> None:
        """Wait for what other workers know of the user, and for the guilds."""
        try:
            await self._homes.users.learn(session)
            for stay in login.stays.values():
                await stay.open()
        except TooManySessions:
            self._give_up(login, self._factory.too_many_sessions(session.user_id).close_code)
        except Unavailable:
            self._give_up(login, close_codes.UNKNOWN_ERROR)
        except BaseException:
            self._give_up(login, close_codes.UNKNOWN_ERROR)
            raise
        else:
            self._reads.ask(login)

    def _show(self, login: Login) -> bool:
        """Show the presence in the guilds, before the first login of a batch enters one: so their guilds are alike."""
        session = _session_of(login)
        if session.is_ended:  # its auth session was revoked
            raise Refusal(close_codes.AUTHENTICATION_FAILED)
        if not login.is_wanted:
            raise Refusal(close_codes.UNKNOWN_ERROR)
        self._homes.users.begin_presence(session)
        self._homes.guilds.show(session.user_id, login.stays.values())
        return True

    def _send_ready(self, login: Login) -> bool:
        session, connection = _session_of(login), login.connection
        login.later += [stay.guild_id for stay in login.stays.values() if stay.is_late]
        bodies = self._make_ready(login, self._address.resume_url_for(connection.host))
        _connect(session, login)
        self._table.add(session)
        for body in bodies:
            session.dispatch(body)
        self._homes.guilds.enter_later(session, login.later)
        for join in self._homes.users.start(session):
            self._homes.guilds.join(join.session, join.guild_id, is_news=False)
        return True

    def _make_ready(self, login: Login, resume_url: str) -> Sequence[Body]:
        """Make READY. A person's names the guilds whole, so the session enters them before."""
        session, homes = _session_of(login), self._homes
        if session.profile.is_bot:
            guild_ids = [stay.guild_id for stay in login.stays.values() if stay.is_member] + login.later
            return [self._readies.build(session, login, guild_ids=guild_ids, resume_url=resume_url)]
        entered = [homes.guilds.enter_shown(session, stay) for stay in login.stays.values()]
        return self._peoples_readies.build(
            session,
            login,
            guilds=[shown for shown in entered if shown is not None],
            sessions=homes.users.list_sessions(session.user_id),
            friends=homes.users.list_friends_presences(session.user_id),
            resume_url=resume_url,
        )

    def _enter_guilds(self, login: Login) -> bool:
        session = _session_of(login)
        if session.profile.is_bot:
            for stay in login.stays.values():
                self._homes.guilds.enter(session, stay)
        self._homes.guilds.go_live(session)
        login.close_stays()
        for command in login.commands:
            self._commands.take(session, command)
        return True

    def _give_up(self, login: Login, close_code: CloseCode | None, *, hold_s: float = 0.0) -> None:
        """Undo a login's steps, and tell its client, if it is still connected."""
        session, connection = login.session, login.connection
        login.close_stays()
        is_waiting = connection.session is login or connection.session is session is not None
        if session is not None:
            self._table.end(session)
        if not is_waiting:
            return
        if hold_s > 0:
            # A client that identifies again as soon as it gets op 9 (oceanic.js) would use up its commands at once.
            self._call_later(hold_s, partial(_invalidate, login))
            return
        connection.session = None
        if close_code is None:
            connection.send(Opcode.INVALID_SESSION, d=False)
        else:
            connection.close(close_code)


def _session_of(login: Login) -> Session:
    assert login.session is not None, "it has come in"  # noqa: S101 - for the type checker
    return login.session


def _settle(login: Login, stay: Stay, member: Member) -> bool:
    """Settle the membership that was read with the login, if it is new enough. Return whether the session can enter."""
    was_held = stay.holds_member
    stay.hold()
    # A row that was read while the membership was held is never too old.
    if stay.awaits_row and (was_held or login.window.is_current(stay.guild_id, stay.user_id)):
        stay.settle(member)
    return stay.is_loaded and not stay.awaits_row


def _connect(session: Session, login: Login) -> None:
    connection = login.connection
    if not session.profile.is_bot:
        connection.admit_person()
    elif login.command.wants_payload_compression:
        connection.compress_payloads()
    session.connection = connection
    connection.session = session


def _invalidate(login: Login) -> None:
    """Send op 9, which was held back."""
    if login.is_wanted:
        login.connection.session = None
        login.connection.send(Opcode.INVALID_SESSION, d=False)
