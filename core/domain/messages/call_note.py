"""What the message about a call says of it."""

import msgspec


class CallNote(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """Who was in a call, and when it ended."""

    participant_ids: tuple[int, ...]
    ended_ms: int = 0
    """0 while it lasts."""
