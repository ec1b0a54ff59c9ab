"""What things may be after several people have changed them at once.

Each thing (a message, a person's place in a channel, a setting) is a value of its own, and a step is a function from
its value to the next one. Steps of one round overlap, so any order of them may have been the server's. The ends of all
orders that fit the answers are the values that the thing may have.
"""

import itertools
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import msgspec

Key = tuple[str, ...]
"""A thing: its kind, and the ids that tell it from others of the kind."""


class Said(msgspec.Struct, frozen=True):
    """A message. One that the server has written in somebody's name has no content."""

    author_id: str
    content: str
    is_pinned: bool = False
    reactions: frozenset[tuple[str, str]] = frozenset()
    """Emoji and user id of each."""


Value = Said | int | str | bool | None
"""A message (None when it is gone), the last message that was read, or a setting."""

REFUSED: Final = "the thing is gone"
Step = Callable[[Value], Value]
"""Returns REFUSED where the server answers 404."""


class Done(msgspec.Struct, frozen=True):
    """A step that was answered."""

    key: Key
    step: Step
    is_refused: bool = False


def find_ends(begins: Iterable[Value], done: Sequence[Done]) -> set[Value]:
    """Return the values that a thing may have after these steps, in any order that fits the answers.

    `begins` are those that it may have had before.
    """
    ends = {_follow(begin, order) for begin in begins for order in itertools.permutations(done)}
    return ends - {REFUSED}


def _follow(value: Value, order: Iterable[Done]) -> Value:
    """Return the value after steps in this order; REFUSED when an answer does not fit it."""
    for each in order:
        after = each.step(value)
        if (after == REFUSED) != each.is_refused:
            return REFUSED
        value = value if each.is_refused else after
    return value


# ---- steps


def _of_message(change: Callable[[Said], Said | None]) -> Step:
    return lambda value: change(value) if isinstance(value, Said) else REFUSED


def edit(content: str) -> Step:
    """Change a message's content."""
    return _of_message(lambda said: msgspec.structs.replace(said, content=content))


def delete() -> Step:
    """Remove a message."""
    return _of_message(lambda _: None)


def pin(is_pinned: bool) -> Step:
    """Pin or unpin a message."""
    return _of_message(lambda said: msgspec.structs.replace(said, is_pinned=is_pinned))


def react(emoji: str, user_id: str, is_there: bool) -> Step:
    """Add or remove a reaction."""
    one = {(emoji, user_id)}
    return _of_message(lambda said: _with(said, said.reactions | one if is_there else said.reactions - one))


def clear(emoji: str | None = None) -> Step:
    """Remove all reactions, or those with an emoji."""
    return _of_message(lambda said: _with(said, {each for each in said.reactions if emoji not in (None, each[0])}))


def read(message_id: int) -> Step:
    """Move a place forward."""
    return lambda value: max(message_id, value if isinstance(value, int) else 0)


def put(new: Value) -> Step:
    """Give a thing another value, whatever it was: a setting, or the place of who marks a channel as unread."""
    return lambda _: new


def _with(said: Said, reactions: Iterable[tuple[str, str]]) -> Said:
    return msgspec.structs.replace(said, reactions=frozenset(reactions))
