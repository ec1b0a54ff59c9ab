"""The port for messages that clients send over the socket: the gateway's one way into the API tier's services."""

from typing import Protocol

from core.wire.socket_message import RefusedMessage, SentMessage


class MessagePort(Protocol):
    """Sends as REST does, with the same checks, limits and nonces. The API tier implements it."""

    async def send_from_gateway(self, user_id: int, channel_id: int, body: bytes) -> SentMessage | RefusedMessage:
        """Send a message of this user. `body` is that of a REST request (a nonce in it counts, other ids do not).

        Refusals are values, not exceptions.
        """
