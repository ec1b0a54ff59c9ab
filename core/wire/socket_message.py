"""The result of a message that a client sent over its gateway socket (op 0), from the API tier to the gateway."""

from typing import Any

import msgspec


class SentMessage(msgspec.Struct, kw_only=True, frozen=True):
    """The message is stored. A new one has its event in the log; the answer to a repeat is for the sender alone."""

    payload: msgspec.Raw
    """MESSAGE_CREATE's `d` as JSON, with the nonce; that of the first message when the nonce was known."""
    guild_id: int
    """The guild, or 0 for direct messages."""
    is_new: bool


class RefusedMessage(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """The message was not stored. The fields are those of a REST error body."""

    code: int
    message: str
    errors: dict[str, Any] | None = None
    retry_after: float | None = None
    """The seconds to wait, when the sender was too fast."""
