"""The friends and blocks of the people with sessions here: who is told whose presence, besides guilds, and who is not.

A person's relationships come with the login, and the person's own events keep them (RELATIONSHIP_ADD,
RELATIONSHIP_REMOVE). Events that come before the rows are noted and applied to them. Rows may be newer than an event:
then the later events of the same pair, which are still to come, lead to the same end.

Where one blocks the other neither sees the other's presence. A side is known while its owner has sessions here, which
is enough: whoever is to be shown has some, or had some just now, and so has who is to see it. The blocks of people who
went offline lately are kept, because that is still on its way to their guilds. Synchronous.
"""

from collections.abc import Collection, Iterable
from typing import Final, NamedTuple

import msgspec

from core.domain.events import RELATIONSHIP_ADD, RELATIONSHIP_EVENTS, RELATIONSHIP_UPDATE
from core.domain.people.relationship import Relationship, RelationshipType
from core.wire.envelope import Envelope
from gateway.events.recent import remember

_NOBODY: Final[frozenset[int]] = frozenset()
"""What most people have, so it takes no memory of its own."""

KEPT_BLOCKS: Final = 1024
"""The people whose blocks are kept after their last session. They are fewer than who leaves in a storm, and far more
than those of them who block somebody in the same guild."""


class Change(NamedTuple):
    """The effect of an event. `is_friend` and `is_blocked` say what has begun (True) or ended (False)."""

    other_id: int
    is_friend: bool | None = None
    is_blocked: bool | None = None


class _Side(msgspec.Struct):
    """What is read of a relationship's event."""

    id: str
    type: int


_decode = msgspec.json.Decoder(_Side).decode


class Relations:
    """Friends and blocks, keyed by user id."""

    __slots__ = ("_blocked", "_blockers", "_friends", "_gone", "_holds", "_noted")

    def __init__(self) -> None:
        self._friends: dict[int, set[int] | frozenset[int]] = {}
        self._blocked: dict[int, set[int]] = {}
        """Whom somebody blocks, without those who block nobody."""
        self._blockers: dict[int, set[int]] = {}
        """Who blocks somebody: `_blocked` the other way round."""
        self._gone: dict[int, None] = {}
        """People who block others and have no session any more, the longest gone first."""
        self._holds: dict[int, int] = {}
        """How often each person is expected: once by the sessions here, and once by each guest."""
        self._noted: dict[int, list[Envelope]] = {}
        """The events of people whose rows are not known yet."""

    def expect(self, user_id: int) -> None:
        """Note the events of a person whose rows are still to come, or have come. `forget` must follow in the end."""
        self._holds[user_id] = self._holds.get(user_id, 0) + 1
        if user_id not in self._friends:
            self._noted.setdefault(user_id, [])

    def know(self, user_id: int, rows: Iterable[Relationship]) -> None:
        """Take the rows of an expected person. No effect when they have come before.

        Raises:
            msgspec.MsgspecError: when the payload of an event that was noted cannot be read.
        """
        noted = self._noted.pop(user_id, None)
        if noted is None:
            return
        self._gone.pop(user_id, None)
        self._unblock_all(user_id)
        self._friends[user_id] = _NOBODY
        for row in rows:
            self._set(user_id, row.other_id, row.type)
        for envelope in noted:
            self.note(envelope)

    def knows(self, user_id: int) -> bool:
        """Return whether a person's rows have come."""
        return user_id in self._friends

    def friends_of(self, user_id: int) -> Collection[int]:
        """Return the friends of a person, nobody when they are not known. The collection follows later changes."""
        return self._friends.get(user_id, _NOBODY)

    def hidden_from(self, user_id: int) -> Collection[int]:
        """Return those whose presence a user does not see, and who do not see the user's."""
        blocked, blockers = self._blocked.get(user_id), self._blockers.get(user_id)
        if blocked and blockers:
            return blocked | blockers
        return blocked or blockers or _NOBODY

    def note(self, envelope: Envelope) -> Change | None:
        """Note an event of a person. Return what it has changed, None when that is nothing, or not known yet.

        Raises:
            msgspec.MsgspecError: when the payload of a relationship's event cannot be read.
        """
        user_id = envelope.user_id
        if envelope.event not in RELATIONSHIP_EVENTS or envelope.event == RELATIONSHIP_UPDATE:
            return None
        if user_id not in self._friends:
            if user_id in self._noted:
                self._noted[user_id].append(envelope)
            return None
        side = _decode(envelope.payload)
        return self._set(user_id, int(side.id), side.type if envelope.event == RELATIONSHIP_ADD else 0)

    def forget(self, user_id: int) -> None:
        """Forget a person who has no session any more, or let somebody else's go who is still expected."""
        holds = self._holds.get(user_id, 0)
        if holds > 1:
            self._holds[user_id] = holds - 1
            return
        self._holds.pop(user_id, None)
        self._friends.pop(user_id, None)
        self._noted.pop(user_id, None)
        if user_id in self._blocked:
            if len(self._gone) >= KEPT_BLOCKS:
                self._unblock_all(next(iter(self._gone)))
            remember(self._gone, user_id, None, most=KEPT_BLOCKS)

    def _set(self, user_id: int, other_id: int, kind: int) -> Change | None:
        """Set one side; the kind 0 is nothing."""
        change = Change(
            other_id,
            is_friend=self._set_friend(user_id, other_id, is_friend=kind == RelationshipType.FRIEND),
            is_blocked=self._set_blocked(user_id, other_id, is_blocked=kind == RelationshipType.BLOCKED),
        )
        return None if change == Change(other_id) else change

    def _set_friend(self, user_id: int, other_id: int, *, is_friend: bool) -> bool | None:
        friends = self._friends[user_id]
        if (other_id in friends) == is_friend:
            return None
        if isinstance(friends, frozenset):
            friends = self._friends[user_id] = set(friends)
        (friends.add if is_friend else friends.discard)(other_id)
        return is_friend

    def _set_blocked(self, user_id: int, other_id: int, *, is_blocked: bool) -> bool | None:
        if (other_id in self._blocked.get(user_id, _NOBODY)) == is_blocked:
            return None
        for table, owner, one in ((self._blocked, user_id, other_id), (self._blockers, other_id, user_id)):
            if is_blocked:
                table.setdefault(owner, set()).add(one)
            else:
                table[owner].discard(one)
                if not table[owner]:
                    del table[owner]
        return is_blocked

    def _unblock_all(self, user_id: int) -> None:
        self._gone.pop(user_id, None)
        for other_id in list(self._blocked.get(user_id, ())):
            self._set_blocked(user_id, other_id, is_blocked=False)


def read_new_friend(envelope: Envelope) -> int:
    """Return whom RELATIONSHIP_ADD makes a friend, 0 when it makes none.

    Raises:
        msgspec.MsgspecError: when the payload cannot be read.
    """
    side = _decode(envelope.payload)
    return int(side.id) if side.type == RelationshipType.FRIEND else 0
