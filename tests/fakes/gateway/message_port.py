"""A `MessagePort` that keeps its calls and answers as the test says."""

from collections.abc import Callable
from typing import Any

import msgspec

from core.wire.socket_message import RefusedMessage, SentMessage


class FakeMessagePort:
    """A fake port. `outcome` is called with the body; by default every message is new and of no guild."""

    def __init__(self, ids: Any) -> None:
        self._ids = ids
        self.sent: list[tuple[int, int, dict[str, Any]]] = []
        self.outcome: Callable[[dict[str, Any]], SentMessage | RefusedMessage] = lambda body: SentMessage(
            payload=msgspec.Raw(msgspec.json.encode(body)), guild_id=0, is_new=True
        )

    async def send_from_gateway(self, user_id: int, channel_id: int, body: bytes) -> SentMessage | RefusedMessage:
        """Keep a message and answer."""
        decoded = msgspec.json.decode(body)
        self.sent.append((user_id, channel_id, decoded))
        return self.outcome(decoded)
