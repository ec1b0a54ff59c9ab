"""Reactions: who has put which emoji under a message, and the counts that a message shows. Pure.

A user reacts with an emoji once plainly and once as a burst (Discord's super reaction); the two are counted apart.

An emoji is written with or without the selector that asks for its coloured picture (U+FE0F), and is the same either
way. Its key is the text without selectors. A message shows the form that came first.
"""

from collections.abc import Collection, Iterable
from typing import Final

import msgspec

from core.domain.emoji import is_emoji
from core.domain.errors import Forbidden, TooManyReactions, UnknownEmoji

MAX_EMOJIS: Final = 20
"""The different emojis of one message."""

_SELECTOR: Final = "\ufe0f"


class Reaction(msgspec.Struct, kw_only=True, frozen=True):
    """One user's reaction. `id` is the snowflake of the change that has stored it."""

    channel_id: int
    message_id: int
    emoji: str
    user_id: int
    is_burst: bool = False
    id: int = 0

    @property
    def key(self) -> str:
        """The key of the emoji."""
        return key_of(self.emoji)


class ReactionCount(msgspec.Struct, frozen=True, array_like=True):
    """The users who have reacted with one emoji, plainly and by bursts."""

    emoji: str
    normal: int = 0
    burst: int = 0

    @property
    def key(self) -> str:
        """The key of the emoji."""
        return key_of(self.emoji)


Counts = tuple[ReactionCount, ...]
"""The counts of a message, in the order in which its emojis came. None of them is empty."""

OwnReactions = Collection[tuple[str, bool]]
"""A user's reactions to a message: keys of emojis, each with whether it is a burst."""


def key_of(emoji: str) -> str:
    """Return the emoji's key."""
    return emoji.replace(_SELECTOR, "")


def parse_emoji(text: str) -> str:
    """Return the emoji of a request: one of Unicode's. Emojis of guilds (`name:id`) do not exist yet.

    Raises:
        UnknownEmoji
    """
    if not is_emoji(text):
        raise UnknownEmoji
    return text


def find_count(counts: Counts, key: str) -> ReactionCount | None:
    """Return the count of an emoji, None when nobody has reacted with it."""
    return next((count for count in counts if count.key == key), None)


def count_added(counts: Counts, reaction: Reaction, *, may_begin: bool) -> Counts:
    """Return the counts with one reaction more. `may_begin` says whether it may be the first of its emoji.

    Raises:
        Forbidden: when it would be the first one, and may not.
        TooManyReactions: when the message has as many emojis as it may have.
    """
    if find_count(counts, reaction.key) is not None:
        return _raise(counts, reaction)
    if not may_begin:
        raise Forbidden
    if len(counts) >= MAX_EMOJIS:
        raise TooManyReactions
    return (*counts, ReactionCount(reaction.emoji, *_ones(is_burst=reaction.is_burst)))


def count_removed(counts: Counts, reaction: Reaction) -> Counts:
    """Return the counts with one reaction less."""
    key = reaction.key
    normal, burst = _ones(is_burst=reaction.is_burst)
    fewer = (
        ReactionCount(count.emoji, count.normal - normal, count.burst - burst) if count.key == key else count
        for count in counts
    )
    return tuple(count for count in fewer if count.normal or count.burst)


def count_without(counts: Counts, key: str | None) -> Counts:
    """Return the counts without an emoji; without any for None."""
    return () if key is None else tuple(count for count in counts if count.key != key)


def recount(shown: Counts, reactions: Iterable[Reaction]) -> Counts:
    """Return the counts of a message's reactions, which are all those that there are.

    The emojis keep the order and the form in which `shown` has them; others come after these.
    """
    counts = tuple(ReactionCount(count.emoji) for count in shown)
    for reaction in reactions:
        if find_count(counts, reaction.key) is None:
            counts = (*counts, ReactionCount(reaction.emoji))
        counts = _raise(counts, reaction)
    return tuple(count for count in counts if count.normal or count.burst)


def _raise(counts: Counts, reaction: Reaction) -> Counts:
    key = reaction.key
    normal, burst = _ones(is_burst=reaction.is_burst)
    return tuple(
        ReactionCount(count.emoji, count.normal + normal, count.burst + burst) if count.key == key else count
        for count in counts
    )


def _ones(*, is_burst: bool) -> tuple[int, int]:
    return (0, 1) if is_burst else (1, 0)
