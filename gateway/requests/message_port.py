"""Where messages go that clients send over the socket: the gateway's one way into the API tier's services."""

from typing import Protocol

from core.wire.socket_message import RefusedMessage, SentMessage


class MessagePort(Protocol):
    """Sends as REST does: same checks, limits and nonces. Implemented by the API tier, given by the composition root."""

    async def send_from_gateway(self, user_id: int, channel_id: int, body: bytes) -> SentMessage | RefusedMessage:
        """Send a message of this user. `body` is REST's form of it as JSON (a nonce in it counts, other ids do not).

        Refusals are values, not exceptions.
        """
