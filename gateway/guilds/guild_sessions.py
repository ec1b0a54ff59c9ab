"""The sessions attached to one guild: their slots, the channels that they view, and dispatching to a set of them.

A slot is a session's number within this guild. The index (`core_ext.guild.ViewIndex`) has the set of slots that view a
channel and the set that has an intent, so an event's recipients are an intersection. All sessions of a user view the
same channels.

Sessions of other workers have slots too, in words that belong to their workers, and no tracks. An event goes to such a
worker once (`gateway.guilds.far_seats`), and without them nothing is asked but whether there are any.

Owns the slots and the tables slot → session and slot → track. It decides nothing: the guild's actor sets the views.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Final

from core.domain.events import required_intent
from core.domain.intents import Intent
from core_ext.delivery import Track
from core_ext.guild import SlotSet, ViewIndex
from gateway.guilds.far_seats import FarSeats
from gateway.payloads.dispatch_body import DispatchBody
from gateway.sessions.fanout import MessageVariants, fan_out, fan_out_message
from gateway.sessions.seat import Seat

_INTENT_BITS: Final = tuple(int(intent).bit_length() - 1 for intent in Intent)
_TELLING: Final = 4
"""The number of a user's sessions asked for its guilds. One may be entering just now; hundreds would cost hundreds of
guilds each."""
_CONTENT_BIT: Final = int(Intent.MESSAGE_CONTENT).bit_length() - 1


class GuildSessions:
    """`on_dispatch` takes the name of each event and the number of sessions here that got it."""

    __slots__ = ("_far", "_flags", "_guild_id", "_index", "_on_dispatch", "_sessions", "_tracks", "_users")

    def __init__(
        self, *, guild_id: int, channel_ids: Iterable[int], on_dispatch: Callable[[str, int], None] | None = None
    ) -> None:
        self._guild_id = guild_id
        self._on_dispatch = on_dispatch
        self._index = ViewIndex()
        self._sessions: list[Seat | None] = []
        self._tracks: list[Track | None] = []
        self._users: dict[int, tuple[int, ...]] = {}
        self._flags: dict[str, int] = {}
        self._far: FarSeats | None = None
        """The seats of other workers, None while there are none."""
        for channel_id in channel_ids:
            self._index.set_channel(channel_id, ())

    def __len__(self) -> int:
        return len(self._index)

    def __contains__(self, session: Seat) -> bool:
        """Return whether the session sits here. Its slot may be one at another worker, the home of now."""
        slot = session.slots.get(self._guild_id, -1)
        return 0 <= slot < len(self._sessions) and self._sessions[slot] is session

    def add(self, session: Seat, channel_ids: Iterable[int]) -> None:
        """Give a session a slot that views these channels.

        Raises:
            ValueError: its far host's number is another worker's, 0 or out of range. Nothing was changed.
        """
        slot = self._allocate(session)
        self._sessions[slot] = session
        self._tracks[slot] = session.track
        session.slots[self._guild_id] = slot
        self._users[session.user_id] = (*self._users.get(session.user_id, ()), slot)
        for bit in _INTENT_BITS:
            if session.intents >> bit & 1:
                self._index.set_flag(bit, slot, on=True)
        self._index.set_many(channel_ids, (slot,), visible=True)
        session.note_moved()

    def remove(self, session: Seat) -> None:
        """Take the slot back."""
        slot = session.slots.pop(self._guild_id)
        session.note_moved()
        self._release(slot, session)
        self._sessions[slot] = self._tracks[slot] = None
        slots = self._users[session.user_id]
        at = slots.index(slot)
        left = slots[:at] + slots[at + 1 :]
        if left:
            self._users[session.user_id] = left
        else:
            del self._users[session.user_id]

    def _allocate(self, session: Seat) -> int:
        """Allocate a slot from the words of the session's worker, and make room in the tables."""
        if session.host is None:
            slot = self._index.allocate()
        else:
            far = self._far or FarSeats(guild_id=self._guild_id, index=self._index)
            slot = far.allocate(session, session.host)
            self._far = far
        if slot >= len(self._sessions):
            new: list[None] = [None] * (slot + 1 - len(self._sessions))
            self._sessions += new
            self._tracks += new
        return slot

    def _release(self, slot: int, session: Seat) -> None:
        if session.host is None:
            self._index.release(slot)
            return
        assert self._far is not None, "there is a far seat"  # noqa: S101 - mypy
        self._far.release(slot, session, session.host)
        self._far = self._far or None

    def all(self) -> list[Seat]:
        """Return the sessions."""
        return [session for session in self._sessions if session is not None]

    def users(self) -> Collection[int]:
        """Return the users with a session here."""
        return self._users.keys()

    def guilds_of_users(self) -> dict[int, Collection[int]]:
        """Return the users with a session here, each with the guilds that its sessions are attached to.

        All sessions of a user are in the same guilds, except those that are entering, so it is enough to ask a few of
        them.
        """
        return {user_id: self.guilds_of(user_id) for user_id in self._users}

    def guilds_of(self, user_id: int) -> Collection[int]:
        """Return the guilds that a user's sessions are attached to, none when it has no session here."""
        return {guild_id for slot in self.slots_of(user_id)[:_TELLING] for guild_id in self.at(slot).slots}

    def slots_of(self, user_id: int) -> Sequence[int]:
        """Return the slots of a user's sessions."""
        return self._users.get(user_id, ())

    def has_session(self, user_id: int, session_id: str) -> bool:
        """Return whether this session of the user is here."""
        return self.find(user_id, session_id) is not None

    def find(self, user_id: int, session_id: str) -> Seat | None:
        """Return this session of the user."""
        return next((seat for seat in map(self.at, self.slots_of(user_id)) if seat.id == session_id), None)

    def at(self, slot: int) -> Seat:
        """Return the session in a slot."""
        session = self._sessions[slot]
        assert session is not None, "the slot was given back"  # noqa: S101 - callers take slots from here
        return session

    # -- views

    def viewable(self, user_id: int) -> set[int]:
        """Return the channels that a user's sessions view."""
        slots = self.slots_of(user_id)
        return set(self._index.channels_of(slots[0])) if slots else set()

    def set_viewable(self, user_id: int, channel_ids: Iterable[int], *, visible: bool) -> None:
        """Show channels to a user's sessions, or hide them."""
        self._index.set_many(channel_ids, self.slots_of(user_id), visible)

    def can_view(self, channel_id: int, slot: int) -> bool:
        """Return whether a session views a channel."""
        return self._index.can_view(channel_id, slot)

    def viewers(self, channel_id: int) -> SlotSet:
        """Return the slots that view a channel."""
        return self._index.viewers(channel_id)

    def set_viewers(self, channel_id: int, slots: SlotSet) -> None:
        """Set the viewers of a channel, new or known."""
        self._index.set_channel(channel_id, slots)

    def set_kind(self, user_id: int, kind: int) -> None:
        """Set the kind of a user's sessions; see `gateway.guilds.guild_views`."""
        for slot in self.slots_of(user_id):
            self._index.set_kind(slot, kind)

    def of_kinds(self, chosen: bytes) -> SlotSet:
        """Return the slots of the kinds whose byte is not 0."""
        return self._index.of_kinds(chosen)

    def drop_channel(self, channel_id: int) -> None:
        """Forget a channel that is gone."""
        self._index.drop_channel(channel_id)

    # -- recipients

    def select(self, event: str, channel_id: int = 0) -> SlotSet:
        """Return the slots that have the event's intent and view the channel (0: any view)."""
        return self._index.select(channel_id, self._flag(event))

    def set_flags(self, slot: int, flags: int, *, on: bool) -> None:
        """Give a session these flag bits, or take them away. The flags of intents decide which events it gets."""
        while flags:
            self._index.set_flag((flags & -flags).bit_length() - 1, slot, on)
            flags &= flags - 1

    def select_flag(self, flag: int, channel_id: int = 0) -> SlotSet:
        """Return the slots that have a flag and view the channel (0: any view)."""
        return self._index.select(channel_id, flag)

    def with_intent(self, event: str, slots: Iterable[int]) -> SlotSet:
        """Keep the slots whose sessions have the event's intent."""
        return SlotSet(slots) & self._index.select(0, self._flag(event))

    def _flag(self, event: str) -> int:
        flag = self._flags.get(event)
        if flag is None:
            flag = self._flags[event] = required_intent(event, in_guild=True).bit_length() - 1
        return flag

    # -- sending

    def send(self, body: DispatchBody, slots: SlotSet) -> None:
        """Dispatch a body to these slots."""
        if slots:
            if self._far is not None:
                slots = self._far.send(body, slots)
            self.count(body.event, fan_out(self._tracks, slots, body))

    def send_message(self, event: str, variants: MessageVariants, slots: SlotSet) -> None:
        """Dispatch a message event to these slots, to each the variant that it may see."""
        if slots:
            if self._far is not None:
                slots = self._far.send_message(event, variants, slots)
            content = self._index.select(0, _CONTENT_BIT)
            self.count(event, fan_out_message(self._tracks, slots, variants, content=content, slots_of=self.slots_of))

    def count(self, event: str, sessions: int) -> None:
        """Count an event that was dispatched here. Other workers count what they dispatch."""
        if self._on_dispatch is not None:
            self._on_dispatch(event, sessions)
