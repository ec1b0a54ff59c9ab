"""The caller's notes about other users. Nobody else reads them."""

from typing import Final

from api.services.announcements import user_event
from api.services.caller import Caller
from api.services.entity_cache import EntityCache
from api.services.ids import IdSource
from api.services.preferences.user_settings import require_person
from core.domain.errors import LimitReached, UnknownUser
from core.domain.events import USER_NOTE_UPDATE
from core.store.interfaces import Store
from core.wire.objects.people.preferences import NoteObject, NoteUpdate

MAX_NOTES: Final = 1000
"""The notes of one person. READY of some clients has all of them."""
_TOO_MANY: Final = 30_000
"""The code of a bound for which Discord's documentation has none."""


class NoteService:
    """Reads and writes notes."""

    __slots__ = ("_entities", "_ids", "_store")

    def __init__(self, *, store: Store, entities: EntityCache, ids: IdSource) -> None:
        self._entities = entities
        self._ids = ids
        self._store = store

    async def list_all(self, caller: Caller) -> dict[str, str]:
        """Return all notes, keyed by the user whom each is about. Raises WrongAccountKind."""
        require_person(caller)
        return {str(about): note for about, note in (await self._store.preferences.list_notes(caller.user_id)).items()}

    async def fetch(self, caller: Caller, user_id: int) -> NoteObject:
        """Return the note about a user. Raises WrongAccountKind; UnknownUser when there is none."""
        require_person(caller)
        note = await self._store.preferences.find_note(caller.user_id, user_id)
        if note is None:
            raise UnknownUser
        return NoteObject(note=note, user_id=str(caller.user_id), note_user_id=str(user_id))

    async def put(self, caller: Caller, user_id: int, note: str) -> None:
        """Write a note, or delete it when it is empty.

        Raises:
            WrongAccountKind, UnknownUser. LimitReached: for one note too many.
        """
        require_person(caller)
        await self._entities.user(user_id)
        async with self._store.write(users=[caller.user_id]) as tx:
            kept = await tx.preferences.list_notes(caller.user_id)
            if kept.get(user_id, "") == note:
                return
            if note and user_id not in kept and len(kept) >= MAX_NOTES:
                raise LimitReached(_TOO_MANY, f"Maximum number of notes reached ({MAX_NOTES})")
            await tx.preferences.put_note(caller.user_id, user_id, note)
            told = NoteUpdate(id=str(user_id), note=note)
            tx.announce(user_event(self._ids.next(), USER_NOTE_UPDATE, caller.user_id, told))
