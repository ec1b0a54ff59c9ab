"""The status in people's settings: what somebody wants to be seen as, on whatever device and after each start. Pure."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

STATUSES: Final = frozenset({"online", "idle", "dnd", "invisible"})
"""The statuses that somebody can want."""


def expiry_ms(custom_status: Mapping[str, Any]) -> int | None:
    """Return when a custom status of the flat settings ends, in ms; None when it does not."""
    given = custom_status.get("expires_at")
    if not isinstance(given, str) or not given:
        return None
    try:
        ends_at = datetime.fromisoformat(given)
    except ValueError:
        return None
    return int((ends_at if ends_at.tzinfo else ends_at.replace(tzinfo=UTC)).timestamp() * 1000)
