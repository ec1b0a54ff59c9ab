"""Messages that clients send over the socket (op 0): handed to the API tier's service, and answered.

The answer to a new message is its ordinary MESSAGE_CREATE, which carries the nonce to its author. A session gets an
answer of its own when that does not reach it: for a repeated nonce, without the intent for such messages, or as another
client shard. A refusal is a MESSAGE_SEND_ERROR with the nonce.
"""

import logging
from typing import Any

import msgspec

from core.domain.errors import DomainError
from core.domain.events import MESSAGE_CREATE, MESSAGE_SEND_ERROR, required_intent
from core.wire.socket_message import RefusedMessage, SentMessage
from gateway.commands.commands import SendMessage
from gateway.payloads.dispatch_body import DispatchBody
from gateway.requests.message_port import MessagePort
from gateway.scheduling.tasks import Tasks
from gateway.sessions.fanout import MessageVariants
from gateway.sessions.session import Session

logger = logging.getLogger(__name__)

_encode = msgspec.json.Encoder().encode


class SocketMessages:
    __slots__ = ("_port", "_tasks")

    def __init__(self, *, port: MessagePort, tasks: Tasks) -> None:
        self._port = port
        self._tasks = tasks

    def send(self, session: Session, command: SendMessage) -> None:
        """Begin to send a message. The messages of one session are handed on in their order."""
        self._tasks.spawn(self._send(session, command))

    async def _send(self, session: Session, command: SendMessage) -> None:
        try:
            outcome = await self._port.send_from_gateway(session.user_id, command.channel_id, command.body)
        except DomainError as error:
            outcome = RefusedMessage(code=error.code, message=error.text)
        if isinstance(outcome, RefusedMessage):
            fields: dict[str, Any] = msgspec.to_builtins(outcome)
            error_body = _encode({"nonce": command.nonce, "channel_id": str(command.channel_id), **fields})
            session.dispatch(DispatchBody(MESSAGE_SEND_ERROR, error_body))
        elif not outcome.is_new or not _is_reached(session, outcome):
            body = DispatchBody(MESSAGE_CREATE, outcome.payload)
            own = MessageVariants(
                body, author_id=session.user_id, mention_ids=(), is_direct=not outcome.guild_id
            ).variant_for(session)
            session.dispatch(own)


def _is_reached(session: Session, sent: SentMessage) -> bool:
    """Return whether the message's ordinary dispatch reaches this session."""
    needed = required_intent(MESSAGE_CREATE, in_guild=bool(sent.guild_id))
    if not session.intents & needed:
        return False
    return sent.guild_id in session.slots if sent.guild_id else session.wants_user_events
