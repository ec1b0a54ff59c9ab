"""Polls: a question with answers that a message asks until a time. Pure.

Nobody can vote yet; a message keeps the poll and shows it.
"""

from typing import Final

import msgspec

MAX_ANSWERS: Final = 10
DEFAULT_HOURS: Final = 24
MAX_HOURS: Final = 32 * 24
"""How long a poll may be open, in hours."""
DEFAULT_LAYOUT: Final = 1
"""The only layout that Discord documents."""


class PollAnswer(msgspec.Struct, frozen=True, omit_defaults=True):
    """An answer; its number is its place in the poll, from 1 on."""

    text: str
    emoji: str | None = None
    """One of Unicode's."""


class Poll(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """A poll."""

    question: str
    answers: tuple[PollAnswer, ...]
    hours: int = DEFAULT_HOURS
    """How long it is open, from the message's own time on."""
    allow_multiselect: bool = False
