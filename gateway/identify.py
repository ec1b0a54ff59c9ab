"""Identify: from a token to a session that is READY and attached to its guilds.

```
 token ─→ login, account, application ─→ checks (intents, shard, limits) ─→ seat at the user's actor
   ─→ guilds prepared ─→ in one turn of the loop: READY, held user events, GUILD_CREATE of each guild, live from there
```

Everything that can go wrong is a `Refusal` until the last step, which cannot fail. A login that is revoked, or a connection
that is lost, while all this goes on is noticed before READY.
"""

import hashlib
import logging
from collections.abc import Callable, Sequence
from typing import Final

from core.domain.application import Application
from core.domain.errors import Unavailable
from core.domain.user import Account
from core.store.interfaces import Store
from core.wire import close_codes
from core.wire.close_codes import CloseCode
from core.wire.objects.channel import DirectChannelObject, render_direct_channel
from core.wire.opcodes import Opcode
from gateway.commands import Command, Identify
from gateway.connection import Connection
from gateway.guild_attachment import PREPARED_GUILDS, GuildAttachment
from gateway.guild_directory import GuildVisit
from gateway.ready import build_ready
from gateway.refusal import Refusal
from gateway.session import Session
from gateway.session_factory import SessionFactory
from gateway.session_table import SessionTable
from gateway.tasks import Tasks
from gateway.user_directory import UserDirectory

logger = logging.getLogger(__name__)

MAX_GUILDS_OF_A_SHARD: Final = 2500
"""Discord's bound; more needs more client shards."""


class Login:
    """A connection's state while it identifies: what its client says meanwhile waits here."""

    __slots__ = ("commands", "revoked")

    def __init__(self) -> None:
        self.commands: list[Command] = []
        self.revoked: set[int] = set()
        """Logins that ended since this began."""


class Identifying:
    """See the module."""

    __slots__ = (
        "_attachment",
        "_factory",
        "_logins",
        "_on_command",
        "_resume_url",
        "_store",
        "_table",
        "_tasks",
        "_users",
    )

    def __init__(
        self,
        *,
        store: Store,
        factory: SessionFactory,
        tasks: Tasks,
        users: UserDirectory,
        attachment: GuildAttachment,
        table: SessionTable,
        resume_url: Callable[[str], str],
        on_command: Callable[[Connection, Command], None],
    ) -> None:
        """`resume_url` gives our address for the host that a client asked for.

        `on_command` takes what a client said between Identify and READY, once the session is there.
        """
        self._store = store
        self._factory = factory
        self._tasks = tasks
        self._users = users
        self._attachment = attachment
        self._table = table
        self._resume_url = resume_url
        self._on_command = on_command
        self._logins: set[Login] = set()

    def begin(self, connection: Connection, command: Identify) -> None:
        """Start a connection's login."""
        login = Login()
        self._logins.add(login)
        connection.session = login
        self._tasks.spawn(self._run(connection, login, command))

    def on_revoked(self, auth_session_id: int) -> None:
        """A login ended: nobody may become READY with it any more."""
        for login in self._logins:
            login.revoked.add(auth_session_id)

    async def _run(self, connection: Connection, login: Login, command: Identify) -> None:
        try:
            await self._identify(connection, login, command)
        except Refusal as refusal:
            _refuse(connection, refusal.close_code)
        except Unavailable:
            _refuse(connection, close_codes.UNKNOWN_ERROR)
        except Exception:
            if isinstance(connection.session, Session):
                self._table.end(connection.session)
            _refuse(connection, close_codes.UNKNOWN_ERROR)
            raise
        finally:
            self._logins.discard(login)

    async def _identify(self, connection: Connection, login: Login, command: Identify) -> None:
        token_hash = hash_token(command.token)
        auth = await self._store.users.find_auth_session(token_hash)
        account = None if auth is None else await self._store.users.find_account(auth.user_id)
        if auth is None or account is None:
            raise Refusal(close_codes.AUTHENTICATION_FAILED)
        application = await self._store.applications.find_by_bot(account.user.id) if account.user.bot else None
        session = self._factory.make_session(command, auth, account, application)
        self._users.enter(session)
        try:
            await self._prepare(connection, login, command, session, account, application)
        finally:
            if not session.is_ended and self._table.find(session.id) is None:
                self._users.leave(session)

    async def _prepare(
        self,
        connection: Connection,
        login: Login,
        command: Identify,
        session: Session,
        account: Account,
        application: Application | None,
    ) -> None:
        user_id = session.user_id
        guild_ids = [
            guild_id for guild_id in await self._store.guilds.list_ids_of_user(user_id) if session.wants_guild(guild_id)
        ]
        if len(guild_ids) > MAX_GUILDS_OF_A_SHARD:
            raise Refusal(close_codes.SHARDING_REQUIRED)
        direct = [] if account.user.bot else await self._read_direct_channels(user_id)
        first, later = guild_ids[:PREPARED_GUILDS], guild_ids[PREPARED_GUILDS:]
        async with self._attachment.prepare(user_id, first) as visits:
            if session.profile.auth_session_id in login.revoked:
                raise Refusal(close_codes.AUTHENTICATION_FAILED)
            if not connection.is_open:
                return
            known = [visit.actor.guild_id for visit in visits] + later
            ready = build_ready(
                session,
                account,
                guild_ids=known,
                is_sharded=command.shard is not None,
                resume_url=self._resume_url(connection.host),
                application=application,
                private_channels=direct,
            )
            session.connection = connection
            connection.session = session
            self._table.add(session)
            session.dispatch(ready)
            self._go_live(session, command, visits, later)
        for waiting in login.commands:
            self._on_command(connection, waiting)

    def _go_live(self, session: Session, command: Identify, visits: list[GuildVisit], later: Sequence[int]) -> None:
        self._attachment.attach_later(session, later)
        self._users.start(session, command.presence)
        for visit in visits:
            self._attachment.attach(session, visit)

    async def _read_direct_channels(self, user_id: int) -> list[DirectChannelObject]:
        channels = await self._store.channels.list_direct(user_id)
        if not channels:
            return []
        others = {recipient for channel in channels for recipient in channel.recipient_ids if recipient != user_id}
        users = await self._store.users.find_many(others)
        last_ids = await self._store.messages.last_ids([channel.id for channel in channels])
        rendered = []
        for channel in channels:
            recipients = [users[each] for each in channel.recipient_ids if each in users]
            shown = render_direct_channel(channel, recipients)
            if channel.id in last_ids:
                shown.last_message_id = str(last_ids[channel.id])
            rendered.append(shown)
        return rendered


def hash_token(token: str) -> bytes:
    """What is stored of a token. Bots' tokens may come with the prefix that REST wants."""
    return hashlib.sha256(token.removeprefix("Bot ").encode(errors="replace")).digest()


def _refuse(connection: Connection, close_code: CloseCode | None) -> None:
    connection.session = None
    if close_code is None:
        connection.send(Opcode.INVALID_SESSION, d=False)
    else:
        connection.close(close_code)
