"""The status in people's settings: what somebody wants to be seen as, on whatever device and after each start.

Clients have it in two forms, of which each writes one: field 11 of the settings as protobuf
(`core.domain.settings_proto`), and `status` and `custom_status` of the older form. A status that comes as protobuf is
put into the older form as well, so the older form always has the newest one. Pure.

Source: the behaviour of people's clients, and the published descriptions of their protobuf.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from core.domain.settings_proto import BadProto, split_values

STATUSES: Final = frozenset({"online", "idle", "dnd", "invisible"})
"""The statuses that somebody can want."""

_STATUS_SETTINGS: Final = 11
_STATUS, _CUSTOM_STATUS = 1, 2
_VALUE: Final = 1
_TEXT, _EMOJI_ID, _EMOJI_NAME, _EXPIRES_AT = 1, 2, 3, 4
_MAX_TIME_MS: Final = 253_402_300_799_000
"""The end of the year 9999, after which there are no dates."""


def find_status(proto: bytes) -> dict[str, Any]:
    """Return what a protobuf of settings says of the status, in the older form; nothing when it has no such field.

    A status that is not named stays as it was, and a custom status that is not named is none.

    Raises:
        BadProto: for bytes that are no message.
    """
    fields = split_values(proto)
    if _STATUS_SETTINGS not in fields:
        return {}
    settings = _open(fields[_STATUS_SETTINGS])
    custom = _open(settings.get(_CUSTOM_STATUS, b""))
    found: dict[str, Any] = {"custom_status": _read_custom(custom) if custom else None}
    status = _text(_open(settings.get(_STATUS, b"")), _VALUE)
    if status in STATUSES:
        found["status"] = status
    return found


def expiry_ms(custom_status: Mapping[str, Any]) -> int | None:
    """Return when a custom status of the older form ends, in ms; None when it does not."""
    given = custom_status.get("expires_at")
    if not isinstance(given, str) or not given:
        return None
    try:
        ends_at = datetime.fromisoformat(given)
    except ValueError:
        return None
    return int((ends_at if ends_at.tzinfo else ends_at.replace(tzinfo=UTC)).timestamp() * 1000)


def _read_custom(fields: Mapping[int, bytes]) -> dict[str, Any]:
    emoji_id, expires_ms = _number(fields, _EMOJI_ID), _number(fields, _EXPIRES_AT)
    ends = datetime.fromtimestamp(expires_ms / 1000, UTC).isoformat() if 0 < expires_ms <= _MAX_TIME_MS else None
    return {
        "text": _text(fields, _TEXT),
        "emoji_id": str(emoji_id) if emoji_id else None,
        "emoji_name": _text(fields, _EMOJI_NAME),
        "expires_at": ends,
    }


def _open(value: bytes) -> Mapping[int, bytes]:
    """Return the fields of an inner message; none when it is no message, for what a field means is the client's."""
    try:
        return split_values(value)
    except BadProto:
        return {}


def _text(fields: Mapping[int, bytes], number: int) -> str | None:
    return fields.get(number, b"").decode(errors="replace") or None


def _number(fields: Mapping[int, bytes], number: int) -> int:
    return int.from_bytes(fields.get(number, b""), "little")
