"""What became of a message that a client sent over its gateway socket (op 0), told by the API tier to the gateway."""

from typing import Any

import msgspec


class SentMessage(msgspec.Struct, kw_only=True, frozen=True):
    """The message is stored. When it is new its event is in the log; a repeat is answered to the sender alone."""

    payload: msgspec.Raw
    """MESSAGE_CREATE's `d` as JSON, with the nonce; of the first message when the nonce was known."""
    guild_id: int
    """0 for direct messages."""
    is_new: bool


class RefusedMessage(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """Nothing was stored. The fields are those of a REST error body."""

    code: int
    message: str
    errors: dict[str, Any] | None = None
    retry_after: float | None = None
    """Seconds, when the sender was too fast."""
