"""The routing of commands of clients that are READY."""

import logging

from core.domain.events import SOUNDBOARD_SOUNDS
from core.wire import close_codes
from core.wire.close_codes import CloseCode
from core.wire.opcodes import BOT_OPCODES
from gateway.commands.commands import (
    CallConnect,
    Command,
    GuildSubscriptions,
    LazyGuilds,
    RequestChannelInfo,
    RequestChannelStatuses,
    RequestGuildMembers,
    RequestSoundboardSounds,
    SendMessage,
    StreamCreate,
    StreamDelete,
    StreamWatch,
    Unheeded,
    VoiceStateUpdate,
)
from gateway.commands.presence_command import PresenceUpdate
from gateway.homes.home_port import HomePort
from gateway.payloads.dispatch_body import DispatchBody
from gateway.requests.guild_subscribing import GuildSubscribing
from gateway.requests.member_requests import MemberRequests
from gateway.requests.socket_messages import SocketMessages
from gateway.requests.socket_voice import SocketVoice
from gateway.requests.stream_requests import answer_stream
from gateway.sessions.session import Session

logger = logging.getLogger(__name__)


class SessionCommands:
    """Hands each command to the part that it is for."""

    __slots__ = ("_homes", "_members", "_messages", "_subscribing", "_voice")

    def __init__(
        self,
        *,
        members: MemberRequests,
        messages: SocketMessages,
        subscribing: GuildSubscribing,
        voice: SocketVoice,
        homes: HomePort,
    ) -> None:
        self._members = members
        self._messages = messages
        self._subscribing = subscribing
        self._voice = voice
        self._homes = homes

    def take(self, session: Session, command: Command) -> None:
        """Handle a command of the session's client."""
        match command:
            case PresenceUpdate():
                self._homes.users.set_presence(session, command)
                session.note_changed()
            case RequestGuildMembers():
                self._members.answer(session, command)
            case SendMessage():
                self._messages.send(session, command)
            case VoiceStateUpdate() | CallConnect() | RequestChannelStatuses() | RequestChannelInfo():
                self._voice.take(session, command)
            case StreamCreate() | StreamDelete() | StreamWatch():
                answer_stream(session, command)
            case LazyGuilds() | GuildSubscriptions():
                self._subscribing.take(session, command)
                session.note_changed()
            case RequestSoundboardSounds():
                _answer_soundboards(session, command)
            case Unheeded(op=op) if session.profile.is_bot and op not in BOT_OPCODES:
                _refuse(session, close_codes.UNKNOWN_OPCODE)
            case _:
                # Some commands of people's clients have no effect in this server yet.
                logger.debug("a command without effect", extra={"command": type(command).__name__})


def _refuse(session: Session, close_code: CloseCode) -> None:
    """Close the connection for a command that is not allowed. The session is kept for a resume."""
    if session.connection is not None:
        session.connection.close(close_code)


def _answer_soundboards(session: Session, command: RequestSoundboardSounds) -> None:
    """Answer with empty lists: guilds have no sounds of their own yet, and libraries wait for each guild's answer."""
    for guild_id in dict.fromkeys(command.all_guild_ids):
        if guild_id in session.slots:
            payload = b'{"guild_id":"%d","soundboard_sounds":[]}' % guild_id
            session.dispatch(DispatchBody(SOUNDBOARD_SOUNDS, payload))
