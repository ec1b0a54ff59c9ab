"""What of a message an application does not see without the privilege of message content, over REST and the gateway.

Source: Discord's documentation, "Message Content Intent". Exempt are messages of the application's own, those that
mention it, and direct ones; who calls `strip_content` decides about that.
"""

from typing import Any, Final

import msgspec

_EMPTIED: Final[dict[str, Any]] = {"content": "", "embeds": [], "attachments": [], "components": []}
"""The fields of the privilege. `poll` is removed."""


def strip_content(message: dict[str, Any]) -> None:
    """Empty the fields of the privilege, in a message and in the messages that it quotes. Changes its argument."""
    for field, empty in _EMPTIED.items():
        if field in message:
            message[field] = empty
    message.pop("poll", None)
    if isinstance(message.get("referenced_message"), dict):
        strip_content(message["referenced_message"])
    for snapshot in message.get("message_snapshots") or ():
        strip_content(snapshot.get("message") or {})


def hide_content(encoded: bytes, reader_id: int) -> bytes:
    """Return a guild's message in JSON as a reader without the privilege sees it."""
    message = msgspec.json.decode(encoded)
    concerned = (message["author"], *message["mentions"])
    if any(user["id"] == str(reader_id) for user in concerned):
        return encoded
    strip_content(message)
    return msgspec.json.encode(message)
