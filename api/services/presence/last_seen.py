"""When people were last seen: shown to whom they allow it, if they want it kept at all.

Nobody is asked whether a person is hidden: who may not see the time gets the same answer as for a person without one.
"""

import msgspec

from api.services.caller import Caller
from api.services.entity_cache import EntityCache
from api.services.preferences.user_settings import require_person
from api.services.relationships.acquaintances import Acquaintances
from api.services.relationships.relationship_cache import RelationshipCache
from core.domain.people.last_seen import LastSeen, SeenBy
from core.store.interfaces import Store
from core.wire.objects.people.last_seen import (
    SEEN_BY,
    LastSeenObject,
    SeenByName,
    render_last_seen,
    render_own_last_seen,
)


class PutLastSeen(msgspec.Struct, kw_only=True):
    """PUT /users/@me/last-seen."""

    seen_by: SeenByName = "friends"


class LastSeenService:
    """Reads when people were last seen, and changes who sees the caller's."""

    __slots__ = ("_acquaintances", "_entities", "_relationships", "_store")

    def __init__(
        self, *, store: Store, entities: EntityCache, relationships: RelationshipCache, acquaintances: Acquaintances
    ) -> None:
        self._store = store
        self._entities = entities
        self._relationships = relationships
        self._acquaintances = acquaintances

    async def fetch(self, caller: Caller, user_id: int) -> LastSeenObject:
        """Return when a person was last seen, if the caller is shown it. Raises WrongAccountKind, UnknownUser."""
        require_person(caller)
        await self._entities.user(user_id)
        kept = await self._store.last_seen.find(user_id)
        if user_id == caller.user_id:
            return render_own_last_seen(user_id, kept)
        if kept is not None and not await self._is_shown_to(kept, caller.user_id):
            kept = None
        return render_last_seen(user_id, kept)

    async def put(self, caller: Caller, form: PutLastSeen) -> LastSeenObject:
        """Keep from now on when the caller was last seen, and show it to these. Raises WrongAccountKind."""
        require_person(caller)
        async with self._store.write(users=[caller.user_id]) as tx:
            before = await tx.last_seen.find(caller.user_id)
            seen_ms = None if before is None else before.seen_ms
            kept = LastSeen(user_id=caller.user_id, seen_by=SEEN_BY[form.seen_by], seen_ms=seen_ms)
            if kept != before:
                await tx.last_seen.put(kept)
        return render_own_last_seen(caller.user_id, kept)

    async def delete(self, caller: Caller) -> None:
        """Keep it no longer, and forget it. Raises WrongAccountKind."""
        require_person(caller)
        async with self._store.write(users=[caller.user_id]) as tx:
            await tx.last_seen.delete(caller.user_id)

    async def _is_shown_to(self, kept: LastSeen, reader_id: int) -> bool:
        if await self._relationships.is_block_between(kept.user_id, reader_id):
            return False
        if await self._relationships.are_friends(kept.user_id, reader_id):
            return True
        return kept.seen_by == SeenBy.ACQUAINTANCES and await self._acquaintances.share_guild(kept.user_id, reader_id)
