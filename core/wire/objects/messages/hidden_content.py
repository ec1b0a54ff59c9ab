"""What of a message an application does not see without the privilege of message content, over REST and the gateway.

Source: Discord's documentation, "Message Content Intent". Exempt are messages of the application's own, those that
mention it, and direct ones. Each message is judged by itself: that an application answers a message does not show it
the answered one, and what it forwards itself is shown to it only where that mentions it.
"""

from typing import Any, Final

import msgspec

_EMPTIED: Final[dict[str, Any]] = {"content": "", "embeds": [], "attachments": [], "components": []}
"""The fields of the privilege. `poll` is removed."""

_QUOTES: Final = (b'"referenced_message":{', b'"message_snapshots":[')
"""What stands in the JSON of a message that shows others. In texts the quotation marks are escaped."""


def has_quotes(encoded: bytes) -> bool:
    """Tell whether a message in JSON shows other messages."""
    return any(mark in encoded for mark in _QUOTES)


def strip_content(message: dict[str, Any]) -> None:
    """Empty the fields of the privilege, in a message and in the messages that it quotes. Changes its argument."""
    _empty(message)
    if isinstance(message.get("referenced_message"), dict):
        strip_content(message["referenced_message"])
    for snapshot in _snapshots_of(message):
        _empty(snapshot)


def strip_hidden(message: dict[str, Any], reader_id: int, *, is_direct: bool = False) -> None:
    """Empty the fields of the privilege where the reader does not see them. Changes its argument."""
    reader = str(reader_id)
    is_own = message.get("author", {}).get("id") == reader
    is_shown = is_direct or is_own or _mentions(message, reader)
    if not is_shown:
        _empty(message)
    if isinstance(message.get("referenced_message"), dict):
        strip_hidden(message["referenced_message"], reader_id, is_direct=is_direct)
    for snapshot in _snapshots_of(message):
        # Whoever could forward to itself would need no privilege.
        if (is_own or not is_shown) and not _mentions(snapshot, reader):
            _empty(snapshot)


def find_quoted_people(message: dict[str, Any]) -> set[int]:
    """Return the ids of the people who wrote the messages that a message quotes, or are mentioned there."""
    found = set()
    quoted = message.get("referenced_message")
    if isinstance(quoted, dict):
        found |= {int(user["id"]) for user in (quoted["author"], *quoted["mentions"])} | find_quoted_people(quoted)
    for snapshot in _snapshots_of(message):
        found |= {int(user["id"]) for user in snapshot.get("mentions", ())}
    return found


def hide_content(encoded: bytes, reader_id: int, *, is_direct: bool = False) -> bytes:
    """Return a message in JSON as a reader without the privilege sees it."""
    if is_direct and not has_quotes(encoded):
        return encoded
    message = msgspec.json.decode(encoded)
    strip_hidden(message, reader_id, is_direct=is_direct)
    return msgspec.json.encode(message)


def _empty(message: dict[str, Any]) -> None:
    for field, empty in _EMPTIED.items():
        if field in message:
            message[field] = empty
    message.pop("poll", None)


def _mentions(message: dict[str, Any], reader: str) -> bool:
    return any(user["id"] == reader for user in message.get("mentions", ()))


def _snapshots_of(message: dict[str, Any]) -> list[dict[str, Any]]:
    return [snapshot["message"] for snapshot in message.get("message_snapshots") or () if snapshot.get("message")]
