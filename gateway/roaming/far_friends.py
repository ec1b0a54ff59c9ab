"""Friends whose home is at another worker: their presences for READY, and a user's presence for them.

Owns what is asked of other workers, and the answers until a login has used them.
"""

import asyncio
from collections.abc import Callable, Collection, Sequence
from typing import Final

from core.wire.objects.people.presence import PresenceObject
from gateway.roaming.frames import AskFriends, FriendsAre, TellFriends
from gateway.roaming.port import UserPort
from gateway.users.presence import OFFLINE, MergedPresence, render_friends_presence
from gateway.users.user_directory import UserDirectory

ASK_S: Final = 2.0
"""The time for which presences are waited for. Friends of a worker that does not answer are shown as offline."""


class FarFriends:
    """`friends_of` returns the friends of a person with sessions here."""

    __slots__ = ("_answers", "_asked", "_friends_of", "_last_request", "_port", "_users")

    def __init__(self, *, port: UserPort, users: UserDirectory, friends_of: Callable[[int], Collection[int]]) -> None:
        self._answers: dict[int, dict[int, MergedPresence]] = {}
        """What was learned of each user's friends."""
        self._asked: dict[int, asyncio.Future[dict[int, MergedPresence]]] = {}
        self._friends_of = friends_of
        self._last_request = 0
        self._port = port
        self._users = users

    def are_elsewhere(self, user_id: int) -> bool:
        """Return whether a user has friends whose home is at another worker."""
        return any(home != self._port.own for home in self._by_home(self._friends_of(user_id)))

    async def learn(self, user_id: int) -> None:
        """Ask for the presences of a user's friends elsewhere."""
        asked = [
            self._ask(home, friend_ids)
            for home, friend_ids in self._by_home(self._friends_of(user_id)).items()
            if home != self._port.own
        ]
        found: dict[int, MergedPresence] = {}
        for answer in await asyncio.gather(*asked):
            found |= answer
        self._answers[user_id] = found

    def take_learned(self, user_id: int) -> Sequence[PresenceObject]:
        """Return what was learned of a user's friends: those that are not offline."""
        found = self._answers.get(user_id, {})
        return [render_friends_presence(friend_id, found[friend_id]) for friend_id in sorted(found)]

    def forget(self, user_id: int) -> None:
        """Forget what was learned for a user."""
        self._answers.pop(user_id, None)

    def tell(self, user_id: int, presence: MergedPresence, friend_ids: Collection[int]) -> None:
        """Tell friends a user's presence, by way of their homes."""
        for home, ids in self._by_home(friend_ids).items():
            if home == self._port.own:
                # All of them, the usual case, go as what follows later changes of the friendships.
                self._users.shown.tell_friends(user_id, presence, friend_ids if len(ids) == len(friend_ids) else ids)
            else:
                self._port.send(home, TellFriends(user_id, presence, ids))

    def answer(self, peer: str, frame: AskFriends) -> None:
        """Answer another worker."""
        found: dict[int, MergedPresence] = {}
        for user_id in frame.user_ids:
            actor = self._users.actors.find(user_id)
            if actor is not None and actor.presence != OFFLINE:
                found[user_id] = actor.presence
        self._port.send(peer, FriendsAre(frame.request, found))

    def take_answer(self, frame: FriendsAre) -> None:
        """Take the answer of another worker."""
        asked = self._asked.get(frame.request)
        if asked is not None and not asked.done():
            asked.set_result(frame.found)

    async def _ask(self, home: str, friend_ids: list[int]) -> dict[int, MergedPresence]:
        self._last_request += 1
        request = self._last_request
        answer = self._asked[request] = asyncio.get_running_loop().create_future()
        try:
            if not self._port.send(home, AskFriends(request, friend_ids)):
                return {}
            async with asyncio.timeout(ASK_S):
                found: dict[int, MergedPresence] = await answer
                return found
        except TimeoutError:
            return {}
        finally:
            del self._asked[request]

    def _by_home(self, user_ids: Collection[int]) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for user_id in user_ids:
            found.setdefault(self._port.home_of(user_id), []).append(user_id)
        return found
