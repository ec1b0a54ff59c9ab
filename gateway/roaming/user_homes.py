"""The users whose home is here, with what other workers have said of their sessions.

```
 UserSaid of each host ─→ all sessions elsewhere ─→ the user's actor here ─→ others are told the merged presence
                              └─→ UserWord to each host with sessions: those at all other workers
```

A session that two workers name is at the one that goes on with it. A worker that is gone takes its sessions along, but
not before `grace_s`: its clients come back at another worker, as after the loss of a socket.

The user's sessions are counted here. One too many takes the place of that longest without a socket, or is refused.

When shards have other homes, their users are followed some in each turn of the loop, and who is asked for before is
followed at once. So nobody sees a user that is not followed yet.

Owns what hosts have said.
"""

from collections.abc import Callable, Iterator
from typing import Final

from core.shards.shard_changes import ShardChanges
from gateway.roaming.frames import Excess, UserSaid, UserWord
from gateway.roaming.kept_relations import KeptRelations
from gateway.roaming.port import UserPort
from gateway.roaming.visitors import Visitor, Visitors
from gateway.scheduling.batch_timer import CallLater, Handle
from gateway.scheduling.slices import Slices
from gateway.users.other_session import OtherSession
from gateway.users.presence import OFFLINE
from gateway.users.user_directory import UserDirectory

_USERS_A_TURN: Final = 128
"""The users that are followed in one turn of the loop: some 5 ms."""
_LOOKS: Final = 32
"""The users that are looked at for what costs to follow one."""


class UserHomes:
    """`limit` returns the number of sessions that a user may have; `end` ends a session here by its id."""

    __slots__ = (
        "_call_later",
        "_changes",
        "_doubted",
        "_end",
        "_grace_s",
        "_limit",
        "_port",
        "_relations",
        "_slices",
        "_timers",
        "_users",
        "_visitors",
    )

    def __init__(  # noqa: PLR0913 - users are here, at hosts, and on their way to another home
        self,
        *,
        port: UserPort,
        owner_of: Callable[[int], str],
        num_shards: int,
        users: UserDirectory,
        relations: KeptRelations,
        call_later: CallLater,
        grace_s: float,
        limit: Callable[[], int],
        end: Callable[[str], None],
    ) -> None:
        """`owner_of` names the home of a shard, "" when nobody has it now."""
        self._call_later = call_later
        self._changes = ShardChanges(owner_of=owner_of, num_shards=num_shards)
        self._doubted: dict[str, set[int]] = {}
        """The users of each host that it has not said anew since the conversation with it ended."""
        self._end = end
        self._grace_s = grace_s
        self._limit = limit
        self._port = port
        self._relations = relations
        self._slices = Slices(steps_a_turn=_USERS_A_TURN, call_later=call_later)
        self._timers: dict[str, Handle] = {}
        self._users = users
        self._visitors = Visitors(num_shards=num_shards)

    # -- hosts

    def begin(self, peer: str) -> None:
        """Doubt what a host has said, until it has said everything anew."""
        self._cancel(peer)
        self._doubt(peer)

    def lose(self, peer: str) -> None:
        """Give the sessions of a host the time to come back."""
        self._doubt(peer)
        if peer not in self._timers:
            self._timers[peer] = self._call_later(self._grace_s, lambda: self.settle(peer))

    def settle(self, peer: str) -> None:
        """Forget what a host has not said anew."""
        self._cancel(peer)
        doubted = {user_id: self._visitors[user_id].said.get(peer) for user_id in sorted(self._doubted.get(peer, ()))}
        self._slices.add(self._forget_said(peer, doubted))

    def _forget_said(self, peer: str, doubted: dict[int, UserSaid | None]) -> Iterator[None]:
        for user_id, said in doubted.items():
            user = self._find(user_id)
            if user is not None and user.said.get(peer) is said:
                user.said.pop(peer, None)
                user.sent.pop(peer, None)
                self._doubted.get(peer, set()).discard(user_id)
                self._apply(user_id)
            yield
        if not self._doubted.get(peer, True):
            del self._doubted[peer]

    def close(self) -> None:
        """Stop the timers."""
        self._slices.close()
        for peer in list(self._timers):
            self._cancel(peer)

    def _doubt(self, peer: str) -> None:
        of_peer = {user_id for user_id, user in self._visitors if peer in user.said}
        if of_peer:
            self._doubted.setdefault(peer, set()).update(of_peer)
        for user_id in of_peer:
            self._visitors[user_id].sent.pop(peer, None)

    def _cancel(self, peer: str) -> None:
        timer = self._timers.pop(peer, None)
        if timer is not None:
            timer.cancel()

    # -- users

    def take(self, peer: str, said: UserSaid) -> None:
        """Take what a host says of a user. It may know of this home before this home does."""
        user_id = said.user_id
        self._doubted.get(peer, set()).discard(user_id)
        user = self._find(user_id)
        if user is None:
            if not said.sessions:
                self._note_gone(said)
                return
            user = self._visitors.make(user_id)
        known = {each.session_id for each in self._list_all(user_id)}
        if said.sessions:
            user.said[peer] = said
        else:
            user.said.pop(peer, None)
            user.sent.pop(peer, None)
        if self._port.is_home(user_id):
            for session in reversed(said.sessions):
                if not session.is_ready and session.session_id not in known:
                    self._make_room(user_id, peer, session)
        else:
            self._call_later(self._grace_s, lambda: self._forget_passing(peer, said))
        self._apply(user_id, doubted=said if said.is_doubted else None)

    def _note_gone(self, said: UserSaid) -> None:
        """Take what a host told an earlier home: its last session of a user has ended."""
        if not self._port.is_home(said.user_id):
            return
        actor = self._users.actors.find(said.user_id)
        if actor is None:
            self._users.shown.publish(said.user_id, said.guild_ids)
            return
        # What is known of sessions elsewhere is the word of an earlier home, and names no guilds.
        presence, covered = actor.presence, actor.guild_ids()
        self._users.actors.know_elsewhere(said.user_id, (), is_bot=said.is_bot)
        if said.is_doubted:
            self._users.shown.publish(said.user_id, said.guild_ids)
        elif actor.presence != presence:
            self._users.shown.publish(said.user_id, sorted(set(said.guild_ids) - covered))

    def refresh(self, user_id: int) -> None:
        """Follow a change of the user's sessions here."""
        if self._find(user_id) is not None:
            self._apply(user_id)

    def follow_homes(self) -> None:
        """Begin to be the home of who has it here now, and end to be that of others."""
        moved = sorted(self._changes.take())
        self._visitors.begin_eras(moved)
        self._slices.add(self._follow(moved))
        self._call_later(self._grace_s, lambda: self._slices.add(self._forget_unsaid()))

    def _follow(self, shards: list[int]) -> Iterator[None]:
        for shard in shards:
            for user_id in self._visitors.list_of(shard):
                self._find(user_id)
                yield
        for number, user_id in enumerate(self._list_users()):
            actor = self._users.actors.find(user_id)
            # Whoever has no session here is left to the next home. Some are known here by the word of an earlier one.
            if actor is not None and not len(actor) and not self._port.is_home(user_id):
                self._users.actors.know_elsewhere(user_id, (), is_bot=actor.is_bot)
                yield
            elif not number % _LOOKS:
                yield

    def _forget_unsaid(self) -> Iterator[None]:
        """Forget sessions that an earlier home has told of, and that no worker has said since this is the home."""
        for number, user_id in enumerate(self._list_users()):
            actor = self._users.actors.find(user_id)
            is_unsaid = actor is not None and actor.elsewhere.sessions and self._find(user_id) is None
            if actor is not None and is_unsaid and self._port.is_home(user_id):
                self._users.actors.know_elsewhere(user_id, (), is_bot=actor.is_bot)
                yield
            elif not number % _LOOKS:
                yield

    def _list_users(self) -> list[int]:
        return [actor.user_id for actor in self._users.actors]

    def _find(self, user_id: int) -> Visitor | None:
        """Find what hosts have said of a user. Who has another home now is followed before."""
        user = self._visitors.find(user_id)
        if user is None or self._visitors.is_followed(user_id, user):
            return user
        if self._port.is_home(user_id):
            self._apply(user_id)
        elif user.is_at_home:
            self._forget(user_id)
        return self._visitors.find(user_id)

    def _forget_passing(self, peer: str, said: UserSaid) -> None:
        """Forget what a host said here when this was the home no more, and tells the next one."""
        user = self._find(said.user_id)
        if user is not None and user.said.get(peer) is said and not self._port.is_home(said.user_id):
            del user.said[peer]
            self._apply(said.user_id)

    def count_elsewhere(self, user_id: int) -> int:
        """Return the number of sessions at other workers that count in the limit, of a user whose home is here."""
        user = self._find(user_id)
        if user is None or not self._port.is_home(user_id):
            return 0
        found = self._list_elsewhere(user_id, user)
        return sum(not each.has_parted and each.session_id not in user.ending for each in found)

    def end_lost(self, user_id: int) -> bool:
        """End the session elsewhere that has been without a socket longest. Return whether there was one."""
        user = self._find(user_id)
        if user is None:
            return False
        lost = [each for each in self._list_elsewhere(user_id, user) if user.may_end(each)]
        if lost:
            self._let_go(user_id, user, lost[0])
        return bool(lost)

    def _apply(self, user_id: int, *, doubted: UserSaid | None = None) -> None:
        """Follow a change. Where it is `doubted`, others are told the presence even if this changes nothing of it."""
        user, is_home = self._visitors[user_id], self._port.is_home(user_id)
        sessions, said = self._list_elsewhere(user_id, user), list(user.said.values())
        if is_home:
            user.is_at_home = True
            self._know(user_id, user, sessions, doubted)
        if not said:
            self._forget(user_id)
        elif is_home:
            if not said[0].is_bot:
                self._relations.keep(user_id)
            self._tell_hosts(user_id, user, sessions)

    def _know(self, user_id: int, user: Visitor, sessions: list[OtherSession], doubted: UserSaid | None) -> None:
        said, before = list(user.said.values()), self._users.actors.find(user_id)
        presence = OFFLINE if before is None else before.presence
        self._users.actors.know_elsewhere(
            user_id,
            sessions,
            {guild_id for each in said for guild_id in each.guild_ids},
            is_bot=bool(said) and said[0].is_bot,
            is_told=bool(said) and all(each.is_told for each in said),
        )
        actor = self._users.actors.find(user_id)
        if doubted is None or presence != (OFFLINE if actor is None else actor.presence):
            return
        # It is news all the same, as the earlier home may not have heard of it.
        if actor is None:
            self._users.shown.publish(user_id, doubted.guild_ids)
        else:
            self._users.shown.tell_anew(user_id)

    def _tell_hosts(self, user_id: int, user: Visitor, sessions: list[OtherSession]) -> None:
        actor = self._users.actors.find(user_id)
        here = [] if actor is None else actor.describe()
        for peer, said in user.said.items():
            own = {each.session_id for each in said.sessions}
            others = [each for each in sessions if each.session_id not in own]
            word = UserWord(user_id, [*others, *here], sorted(own))
            if word != user.sent.get(peer) and self._port.send(peer, word):
                user.sent[peer] = word

    def _list_elsewhere(self, user_id: int, user: Visitor) -> list[OtherSession]:
        """Return the sessions at other workers, the oldest first."""
        actor = self._users.actors.find(user_id)
        here = set() if actor is None else {each.session_id for each in actor.describe()}
        found: dict[str, OtherSession] = {}
        for peer in sorted(user.said, key=lambda peer: user_id not in self._doubted.get(peer, ())):
            found |= {each.session_id: each for each in user.said[peer].sessions if each.session_id not in here}
        return sorted(found.values(), key=lambda each: (each.began_ms, each.session_id))

    def _list_all(self, user_id: int) -> list[OtherSession]:
        user, actor = self._visitors.find(user_id), self._users.actors.find(user_id)
        elsewhere = [] if user is None else self._list_elsewhere(user_id, user)
        return sorted([*elsewhere, *([] if actor is None else actor.describe())], key=lambda each: each.began_ms)

    def _forget(self, user_id: int) -> None:
        self._visitors.forget(user_id)
        for doubted in self._doubted.values():
            doubted.discard(user_id)
        self._relations.forget(user_id)

    # -- the limit of sessions

    def _make_room(self, user_id: int, peer: str, newest: OtherSession) -> None:
        """End a session when there is one too many with the newest."""
        user, sessions = self._visitors[user_id], self._list_all(user_id)
        user.ending &= {each.session_id for each in sessions}
        counted = sum(not each.has_parted and each.session_id not in user.ending for each in sessions)
        if counted <= self._limit():
            return
        lost = [each for each in sessions if user.may_end(each)]
        if lost:
            self._let_go(user_id, user, lost[0])
        else:
            user.ending.add(newest.session_id)
            self._port.send(peer, Excess(user_id, newest.session_id))

    def _let_go(self, user_id: int, user: Visitor, session: OtherSession) -> None:
        user.ending.add(session.session_id)
        for peer, said in user.said.items():
            if any(each.session_id == session.session_id for each in said.sessions):
                self._port.send(peer, Excess(user_id, session.session_id))
                return
        self._end(session.session_id)
