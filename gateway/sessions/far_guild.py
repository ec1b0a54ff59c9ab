"""A guild with its home elsewhere, as the host of sessions has it: their slots, and the delivery of its events to them.

The home alone knows who gets an event. It names the recipients by the words of slots that belong to this worker, which
are those of a table here (`gateway.sessions.seat.FarHost` has the other end):

    home: audience ─→ gather the worker's words ─→ link ─→ here: words ─→ set of far slots ─→ deliver

The home's frames are applied in the order in which it sent them. A session that ends here is let go at once; what was
under way to its slot is for nobody then, until the home, which has heard of it, gives the slot to another session.

A message has variants. Which of them a session may see depends on its user and its intents, so it is decided here, as
the home does it for sessions of its own.

Owns the tables slot → session and slot → track, and the guild's place in `slots` of these sessions.
"""

from collections.abc import Callable, Collection, Sequence

from core_ext.delivery import Track
from core_ext.guild import MAX_SLOTS, WORD_BYTES, WORD_SLOTS, SlotSet
from gateway.payloads.dispatch_body import DispatchBody
from gateway.sessions.fanout import MessageVariants, fan_out, fan_out_message
from gateway.sessions.session import Session


class FarGuild:
    """`on_dispatch` takes the name of each event and the number of sessions that got it."""

    __slots__ = ("_content", "_on_dispatch", "_sessions", "_tracks", "_users", "guild_id")

    def __init__(self, *, guild_id: int, on_dispatch: Callable[[str, int], None] | None = None) -> None:
        self.guild_id = guild_id
        self._on_dispatch = on_dispatch
        self._sessions: dict[int, Session] = {}
        self._tracks: list[Track | None] = []
        """The tracks by their slots, as many as are in whole words."""
        self._users: dict[int, tuple[int, ...]] = {}
        """The slots of each user's sessions."""
        self._content = SlotSet()
        """The slots of sessions with the intent for content."""

    def __len__(self) -> int:
        return len(self._sessions)

    def __contains__(self, session: Session) -> bool:
        """Return whether the session sits here. Its slot may be one at another home of the guild."""
        return self._sessions.get(session.slots.get(self.guild_id, -1)) is session

    def sessions(self) -> list[Session]:
        """Return the sessions."""
        return list(self._sessions.values())

    def sessions_of(self, user_id: int) -> list[Session]:
        """Return a user's sessions."""
        return [self._sessions[slot] for slot in self._users.get(user_id, ())]

    # -- seats

    def seat(self, slot: int, session: Session, track: Track | None = None) -> None:
        """Give a session the slot that the home has told. `track` takes its events, the session's own if there is none.

        Raises:
            ValueError: the slot is none, another session has it, or the session has another one.
        """
        if not 0 <= slot < MAX_SLOTS:
            raise ValueError("slot must be in 0..2**24-1")
        if slot in self._sessions or self.guild_id in session.slots:
            raise ValueError("the slot is taken, or the session has one")
        if slot >= len(self._tracks):
            self._tracks += [None] * (slot // WORD_SLOTS * WORD_SLOTS + WORD_SLOTS - len(self._tracks))
        self._sessions[slot] = session
        self._tracks[slot] = session.track if track is None else track
        self._users[session.user_id] = (*self._users.get(session.user_id, ()), slot)
        if session.sees_content:
            self._content.add(slot)
        session.slots[self.guild_id] = slot
        session.note_moved()

    def follow(self, session: Session, track: Track) -> None:
        """Have the events of a session go to another track from now on."""
        self._tracks[session.slots[self.guild_id]] = track

    def release(self, slot: int) -> Session | None:
        """Take a slot back. Return its session; None when that was let go before."""
        session = self._sessions.pop(slot, None)
        if session is not None:
            self._tracks[slot] = None
            self._content.discard(slot)
            left = tuple(each for each in self._users.pop(session.user_id) if each != slot)
            if left:
                self._users[session.user_id] = left
            del session.slots[self.guild_id]
            session.note_moved()
        return session

    def let_go(self, session: Session) -> None:
        """Let a session go before the home knows of it. No error when it is not here."""
        if session in self:
            self.release(session.slots[self.guild_id])

    def end(self) -> list[Session]:
        """Let all sessions go, since the home is gone. Return them."""
        return [session for slot in list(self._sessions) if (session := self.release(slot)) is not None]

    # -- events

    def deliver(self, event: str, payload: bytes, words: bytes) -> int:
        """Dispatch an event to the sessions in these words, and return their number. Slots without one are skipped.

        Raises:
            ValueError: a word is cut short.
        """
        return self._count(event, fan_out(self._tracks, self._find(words), DispatchBody(event, payload)))

    def deliver_message(
        self, event: str, payload: bytes, words: bytes, *, author_id: int, mention_ids: Collection[int]
    ) -> int:
        """Dispatch a message event, to each session in its variant. The rest is as in `deliver`."""
        variants = MessageVariants(DispatchBody(event, payload), author_id=author_id, mention_ids=mention_ids)
        slots, content = self._find(words), self._content
        delivered = fan_out_message(self._tracks, slots, variants, content=content, slots_of=self._slots_of)
        return self._count(event, delivered)

    def _slots_of(self, user_id: int) -> Sequence[int]:
        return self._users.get(user_id, ())

    def _find(self, words: bytes) -> SlotSet:
        """Return the set with these words, without slots past the table: they have no session."""
        return SlotSet.from_words(words[: len(self._tracks) // WORD_SLOTS * WORD_BYTES])

    def _count(self, event: str, sessions: int) -> int:
        if self._on_dispatch is not None:
            self._on_dispatch(event, sessions)
        return sessions
