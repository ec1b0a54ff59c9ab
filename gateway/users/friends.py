"""The friends of the people with sessions here: who is told whose presence, besides guilds.

A person's friends come with the login, and the person's own events keep them (RELATIONSHIP_ADD, RELATIONSHIP_REMOVE).
Events that come before the rows are noted and applied to them. Rows may be newer than an event: then the later events
of the same pair, which are still to come, lead to the same end. Synchronous.
"""

from collections.abc import Collection, Iterable
from typing import Final

import msgspec

from core.domain.events import RELATIONSHIP_ADD, RELATIONSHIP_EVENTS, RELATIONSHIP_UPDATE
from core.domain.relationship import RelationshipType
from core.wire.envelope import Envelope

_NOBODY: Final[Collection[int]] = frozenset()


class _Side(msgspec.Struct):
    """What is read of a relationship's event."""

    id: str
    type: int


_decode = msgspec.json.Decoder(_Side).decode


class Friends:
    """Friends, keyed by user id."""

    __slots__ = ("_friends", "_noted")

    def __init__(self) -> None:
        self._friends: dict[int, set[int]] = {}
        self._noted: dict[int, list[Envelope]] = {}
        """The events of people whose friends are not known yet."""

    def expect(self, user_id: int) -> None:
        """Note the events of a person whose rows are still to come. No effect when they have come."""
        if user_id not in self._friends:
            self._noted.setdefault(user_id, [])

    def know(self, user_id: int, friend_ids: Iterable[int]) -> None:
        """Take the rows of an expected person. No effect when they have come before.

        Raises:
            msgspec.MsgspecError: when the payload of an event that was noted cannot be read.
        """
        noted = self._noted.pop(user_id, None)
        if noted is not None:
            self._friends[user_id] = set(friend_ids)
            for envelope in noted:
                self.note(envelope)

    def of(self, user_id: int) -> Collection[int]:
        """Return the friends of a person, nobody when they are not known."""
        return self._friends.get(user_id, _NOBODY)

    def note(self, envelope: Envelope) -> int:
        """Note an event of a person. Return who has become a friend by it, 0 when nobody has.

        Raises:
            msgspec.MsgspecError: when the payload of a relationship's event cannot be read.
        """
        if envelope.event not in RELATIONSHIP_EVENTS or envelope.event == RELATIONSHIP_UPDATE:
            return 0
        friends = self._friends.get(envelope.user_id)
        if friends is None:
            if envelope.user_id in self._noted:
                self._noted[envelope.user_id].append(envelope)
            return 0
        side = _decode(envelope.payload)
        other_id = int(side.id)
        if envelope.event != RELATIONSHIP_ADD or side.type != RelationshipType.FRIEND:
            friends.discard(other_id)
            return 0
        is_new = other_id not in friends
        friends.add(other_id)
        return other_id if is_new else 0

    def forget(self, user_id: int) -> None:
        """Forget a person who has no session any more."""
        self._friends.pop(user_id, None)
        self._noted.pop(user_id, None)
