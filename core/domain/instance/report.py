"""Reports: what people tell instance staff of a message, of somebody or of a guild."""

from typing import Literal

import msgspec

ReportKind = Literal["message", "user", "guild"]


class Report(msgspec.Struct, kw_only=True, frozen=True):
    """A report. What it is about may be gone by the time at which staff reads it, so it keeps what is needed to judge.

    An id is 0 where the report is about no such thing.
    """

    id: int
    kind: ReportKind
    reporter_id: int
    created_ms: int
    reason: str
    """The answers that the reporter has chosen, from the first to the last."""
    user_id: int = 0
    """Whom it is about; of a message its author."""
    guild_id: int = 0
    channel_id: int = 0
    message_id: int = 0
    content: str = ""
    """The text of the message as it was."""
    resolved_ms: int = 0
    """0 as long as it is open."""
    resolver_id: int = 0
    """The member of staff who has resolved it."""
    resolution: str | None = None
    """What they have noted."""
