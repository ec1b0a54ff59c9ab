"""The rows of reactions in memory, with lost answers as the test wants them."""

from collections.abc import Awaitable, Callable, Collection, Mapping

import msgspec

from core.domain.errors import OutcomeUnknown, Unavailable, UnknownMessage
from core.domain.messages.reaction import Counts, OwnReactions, Reaction, count_added, count_removed, find_count
from tests.fakes.message_rows import Fate

_Place = tuple[int, int]
_Who = tuple[str, bool, int]


class FakeReactionRows:
    """The `ReactionRows`. `has_message` tells whether a message is there; `fates` are those of the next writes."""

    def __init__(self, *, has_message: Callable[[int, int], Awaitable[bool]]) -> None:
        self.fates: list[Fate] = []
        self._has_message = has_message
        self._rows: dict[_Place, dict[_Who, Reaction]] = {}
        self._counts: dict[_Place, Counts] = {}

    def forget(self, channel_id: int, message_id: int) -> None:
        """Remove the reactions of a deleted message."""
        self._rows.pop((channel_id, message_id), None)
        self._counts.pop((channel_id, message_id), None)

    async def find(self, reaction: Reaction) -> Reaction | None:
        """Return the stored reaction."""
        found = self._rows.get(_place(reaction), {}).get(_who(reaction))
        return None if found is None else msgspec.structs.replace(reaction, id=found.id)

    async def count(self, channel_id: int, message_ids: Collection[int]) -> dict[int, Counts]:
        """Return the counts."""
        found = {each: self._counts.get((channel_id, each), ()) for each in message_ids}
        return {each: counts for each, counts in found.items() if counts}

    async def find_own(self, channel_id: int, counts: Mapping[int, Counts], user_id: int) -> dict[int, OwnReactions]:
        """Return a user's reactions."""
        own: dict[int, OwnReactions] = {}
        for message_id in counts:
            keys = {who[:2] for who in self._rows.get((channel_id, message_id), {}) if who[2] == user_id}
            if keys:
                own[message_id] = keys
        return own

    async def list_user_ids(
        self, channel_id: int, message_id: int, key: str, *, is_burst: bool, after: int, limit: int
    ) -> list[int]:
        """Return users in ascending order."""
        rows = self._rows.get((channel_id, message_id), {})
        return sorted(who[2] for who in rows if who[:2] == (key, is_burst) and who[2] > after)[:limit]

    async def add(self, reaction: Reaction, *, may_begin: bool) -> bool:
        """Store a reaction."""
        if not await self._has_message(reaction.channel_id, reaction.message_id):
            raise UnknownMessage
        place, who = _place(reaction), _who(reaction)
        rows = self._rows.setdefault(place, {})
        if who in rows:
            return rows[who].id == reaction.id
        counts = count_added(self._counts.get(place, ()), reaction, may_begin=may_begin)

        def write() -> None:
            rows[who] = reaction
            self._counts[place] = counts

        self._write(write)
        return True

    async def remove(self, reaction: Reaction) -> bool:
        """Remove a reaction."""
        place, who = _place(reaction), _who(reaction)
        rows = self._rows.get(place, {})
        if who not in rows:
            return False

        def write() -> None:
            del rows[who]
            self._counts[place] = count_removed(self._counts[place], reaction)

        self._write(write)
        return True

    async def remove_all(self, channel_id: int, message_id: int, key: str | None) -> bool:
        """Remove all with an emoji, or all."""
        place = (channel_id, message_id)
        counts = self._counts.get(place, ())
        if not counts or (key is not None and find_count(counts, key) is None):
            return False

        def write() -> None:
            self._counts[place] = tuple(count for count in counts if key is not None and count.key != key)
            rows = self._rows[place]
            self._rows[place] = {who: row for who, row in rows.items() if key is not None and who[0] != key}

        self._write(write)
        return True

    def _write(self, write: Callable[[], None]) -> None:
        fate = self.fates.pop(0) if self.fates else Fate.DONE
        if fate is Fate.REFUSED:
            raise Unavailable
        if fate in (Fate.DONE, Fate.UNKNOWN_DONE):
            write()
        if fate is not Fate.DONE:
            raise OutcomeUnknown


def _place(reaction: Reaction) -> _Place:
    return reaction.channel_id, reaction.message_id


def _who(reaction: Reaction) -> _Who:
    return reaction.key, reaction.is_burst, reaction.user_id
