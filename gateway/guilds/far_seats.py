"""The seats of one guild whose sessions are in other workers, and the sending of the guild's events to these workers.

The view index has one set of slots for all sessions of the guild, wherever they are, and gives each worker words of its
own. So each event costs a worker one call, with the words of its recipients there, and nothing for each of them.

Owns, of each worker with seats here, the words that belong to it. Its sessions are in the tables of `guild_sessions`.
"""

from typing import NamedTuple

from core_ext.guild import SlotSet, ViewIndex
from gateway.payloads.dispatch_body import DispatchBody
from gateway.sessions.fanout import MessageVariants
from gateway.sessions.seat import FarHost, Seat


class _Worker(NamedTuple):
    host: FarHost
    words: tuple[int, ...]


class FarSeats:
    """It counts as true while there are far seats."""

    __slots__ = ("_away", "_guild_id", "_index", "_workers")

    def __init__(self, *, guild_id: int, index: ViewIndex) -> None:
        self._guild_id = guild_id
        self._index = index
        self._workers: dict[int, _Worker] = {}
        """The workers with seats here, keyed by their numbers."""
        self._away = SlotSet()
        """The slots of all far seats."""

    def __bool__(self) -> bool:
        return bool(self._workers)

    def allocate(self, session: Seat, host: FarHost) -> int:
        """Allocate a slot from a worker's words, and tell the worker.

        Raises:
            ValueError: the worker's number is 0, out of range, or another worker's.
        """
        known = self._workers.get(host.owner)
        if not host.owner or (known is not None and known.host is not host):
            raise ValueError("the number is not the worker's")
        slot = self._index.allocate(host.owner)
        self._away.add(slot)
        self._workers[host.owner] = _Worker(host, self._index.words_of(host.owner))
        host.seat(self._guild_id, self._index.find_far_slot(slot), session)
        return slot

    def release(self, slot: int, session: Seat, host: FarHost) -> None:
        """Release a slot of a worker, and tell the worker."""
        far_slot = self._index.find_far_slot(slot)
        self._index.release(slot)
        self._away.discard(slot)
        words = self._index.words_of(host.owner)
        if words:
            self._workers[host.owner] = _Worker(host, words)
        else:
            del self._workers[host.owner]
        host.release(self._guild_id, far_slot, session)

    def send(self, body: DispatchBody, slots: SlotSet) -> SlotSet:
        """Send an event to the workers with recipients. Return the recipients that are here."""
        payload = body.payload
        for host, numbers in self._workers.values():
            words = slots.gather(numbers)
            if words:
                host.send(self._guild_id, body.event, payload, words)
        return slots - self._away

    def send_message(self, event: str, variants: MessageVariants, slots: SlotSet) -> SlotSet:
        """Send a message event to the workers with recipients, who make the variants. Return those that are here."""
        payload = variants.full.payload
        author_id, mention_ids = variants.author_id, variants.mention_ids
        for host, numbers in self._workers.values():
            words = slots.gather(numbers)
            if words:
                host.send_message(self._guild_id, event, payload, words, author_id=author_id, mention_ids=mention_ids)
        return slots - self._away
