"""What clients' commands lead to, and what the end of a connection means for its session."""

import logging
from typing import Final

from core.domain.events import SOUNDBOARD_SOUNDS
from core.wire import close_codes
from core.wire.close_codes import CloseCode
from core.wire.opcodes import BOT_OPCODES
from gateway.arrival import Arrival
from gateway.commands import (
    Command,
    GuildSubscriptions,
    Identify,
    LazyGuilds,
    RequestGuildMembers,
    RequestSoundboardSounds,
    Resume,
    SendMessage,
    Unheeded,
)
from gateway.connection import Connection
from gateway.dispatch_body import DispatchBody
from gateway.guild_subscribing import GuildSubscribing
from gateway.identify import Identifying
from gateway.member_requests import MemberRequests
from gateway.presence_command import PresenceUpdate
from gateway.resume import Resuming
from gateway.session import Session
from gateway.session_table import SessionTable
from gateway.socket_messages import SocketMessages
from gateway.user_directory import UserDirectory

logger = logging.getLogger(__name__)

_SESSION_ENDING: Final = frozenset({1000, 1001})
"""Close codes by which a client says that it is done (Discord's documentation, "Disconnecting")."""


class GatewayProtocol:
    """The `ConnectionHandler` of the listener."""

    __slots__ = ("_identifying", "_members", "_messages", "_resuming", "_subscribing", "_table", "_users")

    def __init__(
        self,
        *,
        identifying: Identifying,
        resuming: Resuming,
        members: MemberRequests,
        messages: SocketMessages,
        subscribing: GuildSubscribing,
        table: SessionTable,
        users: UserDirectory,
    ) -> None:
        self._identifying = identifying
        self._resuming = resuming
        self._subscribing = subscribing
        self._members = members
        self._messages = messages
        self._table = table
        self._users = users

    def on_command(self, connection: Connection, command: Command) -> None:
        """A command of a client."""
        match command:
            case Identify():
                self._identifying.begin(connection, command)
                return
            case Resume():
                self._resuming.resume(connection, command)
                return
        session = connection.session
        if isinstance(session, Arrival):
            session.commands.append(command)
        elif isinstance(session, Session):
            self._on_session_command(session, command)

    def _on_session_command(self, session: Session, command: Command) -> None:
        match command:
            case PresenceUpdate():
                self._users.set_presence(session, command)
            case RequestGuildMembers():
                self._members.answer(session, command)
            case SendMessage():
                self._messages.send(session, command)
            case LazyGuilds() | GuildSubscriptions():
                self._subscribing.take(session, command)
            case RequestSoundboardSounds():
                _answer_soundboards(session, command)
            case Unheeded(op=op) if session.profile.is_bot and op not in BOT_OPCODES:
                self._refuse(session, close_codes.UNKNOWN_OPCODE)
            case _:
                # Voice states, and what people's clients say beside: nothing comes of it in this server yet.
                logger.debug("a command without effect", extra={"command": type(command).__name__})

    def _refuse(self, session: Session, close_code: CloseCode) -> None:
        """The session's client said what it may not say. It is kept for a resume, as with each other fault."""
        if session.connection is not None:
            session.connection.close(close_code)

    def on_closed(self, connection: Connection, code: int | None) -> None:
        """A connection is gone."""
        session = connection.session
        connection.session = None
        if not isinstance(session, Session) or session.connection is not connection:
            return
        if code in _SESSION_ENDING:
            self._table.end(session)
        else:
            self._table.lose(session)


def _answer_soundboards(session: Session, command: RequestSoundboardSounds) -> None:
    """Guilds have no sounds of their own yet; libraries wait for an answer of each guild that they ask for."""
    for guild_id in dict.fromkeys(command.all_guild_ids):
        if guild_id in session.slots:
            payload = b'{"guild_id":"%d","soundboard_sounds":[]}' % guild_id
            session.dispatch(DispatchBody(SOUNDBOARD_SOUNDS, payload))
