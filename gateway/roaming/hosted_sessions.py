"""The sessions of this worker, as it tells their users' homes of them.

```
 a session changes ─ note ─→ (end of the turn) ─→ UserSaid ─→ home ─→ UserWord ─→ the user's actor here
                                                   └ home here: nothing is sent, its other hosts are told
```

All that is said of a user is what is so now, so it can be said again at any time: when a conversation begins anew, and
when a user has another home. A home that nobody has a conversation with is told later. Who has gone is remembered for
a while, since the home that was told of it may have died before it told others. For the same reason the next home
takes what was said in the last `LATELY_S` for news, and all that was said to a home that was one for no longer: it may
have told others what it knew then, which was not all.

Owns whom which home was told of, and the logins that wait for a word of a home.
"""

import asyncio
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

import msgspec

from core.runtime.clock import Clock
from gateway.roaming.frames import AllSaid, Excess, UserSaid, UserWord
from gateway.roaming.port import UserPort
from gateway.scheduling.batch_timer import CallLater
from gateway.scheduling.slices import Slices
from gateway.sessions.seat import Seat
from gateway.sessions.too_many import TooManySessions
from gateway.users.user_directory import UserDirectory

ANSWER_S: Final = 3.0
"""The time that a home has for its word, as for a guild (`gateway.far.far_stay`). Then a login goes on without."""
GONE_S: Final = 30.0
"""The time for which users without sessions are remembered: longer than a takeover."""


LATELY_S: Final = 10.0
"""The time in which a home has told others what it was told, or is known to be dead."""


_USERS_A_TURN: Final = 64
"""The users whose next home is told in one turn of the loop: some 5 ms."""
_LOOKS: Final = 32
"""The users that are looked at for what costs to tell of one."""


class _Told(NamedTuple):
    """What a home was told of a user last. `home` is "" when nobody was there to be told."""

    home: str
    said: UserSaid
    since_s: float
    """When this was said first, to whatever home."""
    home_since_s: float
    """When this home was said something first."""


class HostedSessions:
    """`on_home_here` takes each user with a change whose home is here; `end` ends a session by its id."""

    __slots__ = (
        "_call_later",
        "_clock",
        "_dirty",
        "_end",
        "_heard",
        "_on_home_here",
        "_port",
        "_refused",
        "_slices",
        "_told",
        "_untold",
        "_users",
        "_waiting",
    )

    def __init__(
        self,
        *,
        port: UserPort,
        users: UserDirectory,
        clock: Clock,
        call_later: CallLater,
        on_home_here: Callable[[int], None],
        end: Callable[[str], None],
    ) -> None:
        self._call_later = call_later
        self._clock = clock
        self._dirty: set[int] = set()
        self._end = end
        self._heard: dict[int, frozenset[str]] = {}
        """The sessions here that each user's home has counted."""
        self._on_home_here = on_home_here
        self._port = port
        self._refused: set[str] = set()
        self._slices = Slices(steps_a_turn=_USERS_A_TURN, call_later=call_later)
        self._told: dict[int, _Told] = {}
        self._untold: set[int] = set()
        """The users with a change that was nobody's to tell: their home was another one then."""
        self._users = users
        self._waiting: dict[str, asyncio.Event] = {}
        """The logins that wait, by session id."""

    def note(self, user_id: int) -> None:
        """Note a change of a session of a user."""
        if not self._dirty:
            self._call_later(0, self.flush)
        self._dirty.add(user_id)
        if not self._port.is_home(user_id):
            self._untold.add(user_id)

    def flush(self) -> None:
        """Tell homes of what has changed."""
        dirty, self._dirty = self._dirty, set()
        for user_id in sorted(dirty):
            self._follow_now(user_id)
            self._say(user_id)
            if user_id in self._untold and self._port.is_home(user_id):
                self._tell_anew(user_id)
            self._untold.discard(user_id)

    def has_heard(self, session: Seat) -> bool:
        """Return whether the user's home knows the session, so that its word counts it."""
        if self._port.is_home(session.user_id):
            return True
        return session.id in self._heard.get(session.user_id, ()) and session.id not in self._refused

    async def wait_heard(self, session: Seat) -> None:
        """Wait for a word of the user's home that counts the session. Raises TooManySessions."""
        if not self.has_heard(session) and session.id not in self._refused:
            event = self._waiting[session.id] = asyncio.Event()
            try:
                async with asyncio.timeout(ANSWER_S):
                    await event.wait()
            except TimeoutError:
                return
            finally:
                del self._waiting[session.id]
        if session.id in self._refused:
            raise TooManySessions

    def take_word(self, peer: str, word: UserWord) -> None:
        """Take the word of a user's home, unless it is not that any more."""
        actor = self._users.actors.find(word.user_id)
        if peer != self._port.home_of(word.user_id) or actor is None or not len(actor):
            return
        self._follow_now(word.user_id)
        self._heard[word.user_id] = frozenset(word.heard)
        self._users.actors.know_elsewhere(word.user_id, word.sessions, is_bot=actor.is_bot)
        for session_id in word.heard:
            self._wake(session_id)

    def take_excess(self, frame: Excess) -> None:
        """End a session, or refuse its login."""
        actor = self._users.actors.find(frame.user_id)
        here = [] if actor is None else actor.describe()
        if any(each.session_id == frame.session_id and not each.is_ready for each in here):
            self._refused.add(frame.session_id)
            self._wake(frame.session_id)
        else:
            self._end(frame.session_id)

    def end_login(self, session_id: str) -> None:
        """Note that a login has come to its end."""
        self._refused.discard(session_id)

    def say_all(self, peer: str) -> None:
        """Tell a worker of all users whose home it is: the conversation with it is new."""
        for user_id in {*self._told, *(actor.user_id for actor in self._users.actors)}:
            self._follow_now(user_id)
            if self._port.home_of(user_id) == peer:
                # The home may have given them up, and told others so.
                self._say(user_id, is_news=True)
        self._port.send(peer, AllSaid())

    def follow_homes(self) -> None:
        """Tell other homes of those users who have another one now, some in each turn of the loop."""
        self._slices.add(self._follow_all())

    def close(self) -> None:
        """Stop what is under way."""
        self._slices.close()

    def _follow_all(self) -> Iterator[None]:
        for number, user_id in enumerate(list(self._told)):
            if self._follow(user_id) or not number % _LOOKS:
                yield

    def _follow(self, user_id: int) -> bool:
        """Tell the home of a user who has another one now. Return whether it has."""
        told = self._told.get(user_id)
        if told is None or told.home == self._port.home_of(user_id):
            return False
        self._heard.pop(user_id, None)
        self._say(user_id)
        if self._port.is_home(user_id) and self._is_news(told):
            self._tell_anew(user_id)
        return True

    def _follow_now(self, user_id: int) -> None:
        """Follow a user before others who wait for it, so that nothing is said of who is not followed yet."""
        if not self._slices.is_idle:
            self._follow(user_id)

    def _tell_anew(self, user_id: int) -> None:
        """Tell others, at the new home, what an earlier one may not have told them."""
        told = self._told.get(user_id)
        if told is not None and not told.said.sessions and self._users.actors.find(user_id) is None:
            # Other workers are about to say what they have, and a home that moves on tells the next one.
            self._call_later(ANSWER_S, lambda: self._tell_gone(user_id, told.said.guild_ids))
        else:
            self._users.shown.tell_anew(user_id)

    def _tell_gone(self, user_id: int, guild_ids: list[int]) -> None:
        if self._port.is_home(user_id):
            # There may be sessions meanwhile that others see as offline, which is no change to tell of.
            self._users.shown.publish(user_id, guild_ids)

    def _is_news(self, told: _Told) -> bool:
        """Return whether the home that was told may not have told others, or may not have known of all sessions."""
        now_s = self._clock.monotonic_s()
        if not told.home or now_s - told.home_since_s < LATELY_S:
            return True
        return told.home != self._port.own and now_s - told.since_s < LATELY_S

    def _wake(self, session_id: str) -> None:
        event = self._waiting.get(session_id)
        if event is not None:
            event.set()

    def _say(self, user_id: int, *, is_news: bool = False) -> None:
        home, before, now_s = self._port.home_of(user_id), self._told.get(user_id), self._clock.monotonic_s()
        said = self._describe(user_id, before)
        if said is None:
            return
        has_moved = before is not None and before.home != home
        is_doubted = before is not None and has_moved and self._is_news(before)
        since_s = before.since_s if before is not None and before.said == said and not is_news else now_s
        home_since_s = before.home_since_s if before is not None and not has_moved else now_s
        if home == self._port.own:
            self._told[user_id] = _Told(home, said, since_s, home_since_s)
            self._on_home_here(user_id)
        else:
            is_told = has_moved and not is_doubted
            frame = msgspec.structs.replace(said, is_told=is_told, is_doubted=is_doubted)
            is_sent = self._port.send(home, frame)
            self._told[user_id] = _Told(home if is_sent else "", said, since_s, home_since_s)
        if not said.sessions:
            self._heard.pop(user_id, None)
            self._call_later(GONE_S, lambda: self._forget(user_id))

    def _describe(self, user_id: int, before: _Told | None) -> UserSaid | None:
        """Return what is to be said of a user, None when nobody was told of one without sessions."""
        actor = self._users.actors.find(user_id)
        if actor is not None and len(actor):
            return UserSaid(user_id, actor.is_bot, actor.describe(), sorted(actor.guild_ids_here()))
        if before is None:
            return None
        return UserSaid(user_id, before.said.is_bot, [], before.said.guild_ids)

    def _forget(self, user_id: int) -> None:
        told = self._told.get(user_id)
        if told is not None and not told.said.sessions:
            del self._told[user_id]
