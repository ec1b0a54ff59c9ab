"""The users of a cluster, as one worker has its part in them: the way of what is said about users over links.

```
 links ─→ frames ─┬─ of users ─→ hosted sessions (words of homes), user homes (what hosts say), far friends
                  └─ others ──→ the next listener (`gateway.far.far_side`)
```

Every event of a user reaches the user's sessions from their own worker's tail of the logs. What crosses links is what
only the user's sessions know: their presences, and how many they are.
"""

import logging
from collections.abc import Collection, Iterable, Sequence

from typing_extensions import override

from core.links.interfaces import LinkListener
from core.wire.objects.people.presence import PresenceObject
from gateway.roaming.far_friends import FarFriends
from gateway.roaming.frames import (
    AllSaid,
    AskFriends,
    Excess,
    FriendsAre,
    OfUsers,
    TellFriends,
    TellGuilds,
    TellUnseen,
    UserSaid,
    UserWord,
    decode_user_frame,
    is_user_frame,
)
from gateway.roaming.hosted_sessions import HostedSessions
from gateway.roaming.port import UserPort
from gateway.roaming.told_lately import ToldLately
from gateway.roaming.user_homes import UserHomes
from gateway.sessions.seat import Seat
from gateway.users.presence import MergedPresence
from gateway.users.sharing import Sharing
from gateway.users.user_directory import UserDirectory

logger = logging.getLogger(__name__)


class Roaming(Sharing):
    """The worker's users, shared with all others."""

    __slots__ = ("_friends", "_homes", "_hosted", "_learned", "_port", "_told", "_users")

    def __init__(
        self,
        *,
        port: UserPort,
        users: UserDirectory,
        hosted: HostedSessions,
        homes: UserHomes,
        friends: FarFriends,
        told: ToldLately,
    ) -> None:
        self._friends = friends
        self._homes = homes
        self._hosted = hosted
        self._learned: dict[str, int] = {}
        """The sessions on their way to READY for which everything was learned, by id, with their users."""
        self._port = port
        self._told = told
        self._users = users

    @override
    def is_home(self, user_id: int) -> bool:
        return self._port.is_home(user_id)

    @override
    def note(self, user_id: int) -> None:
        self._hosted.note(user_id)

    @override
    def tell_friends(self, user_id: int, presence: MergedPresence, friend_ids: Collection[int]) -> None:
        self._friends.tell(user_id, presence, friend_ids)

    @override
    def tell_guilds(self, user_id: int, guild_ids: Iterable[int]) -> None:
        self._port.send(self._port.home_of(user_id), TellGuilds(user_id, list(guild_ids)))

    @override
    def note_told(self, user_id: int, guild_ids: Iterable[int]) -> None:
        self._told.note(user_id, guild_ids)

    @override
    def tell_unseen(self, user_id: int, at_ms: int) -> None:
        self._port.send(self._port.home_of(user_id), TellUnseen(user_id, at_ms))

    @override
    def count_elsewhere(self, user_id: int) -> int:
        return self._homes.count_elsewhere(user_id)

    @override
    def end_lost(self, user_id: int) -> bool:
        return self._homes.end_lost(user_id)

    @override
    def knows(self, session: Seat) -> bool:
        if session.id in self._learned:
            return True
        return self._hosted.has_heard(session) and not self._friends.are_elsewhere(session.user_id)

    @override
    async def learn(self, session: Seat) -> None:
        if not self.knows(session):
            try:
                await self._hosted.wait_heard(session)
                await self._friends.learn(session.user_id)
            finally:
                if not session.is_ended:
                    self._learned[session.id] = session.user_id

    @override
    def end_learning(self, session: Seat) -> None:
        self._hosted.end_login(session.id)
        if self._learned.pop(session.id, None) and session.user_id not in self._learned.values():
            self._friends.forget(session.user_id)

    @override
    def friends_elsewhere(self, user_id: int) -> Sequence[PresenceObject]:
        return self._friends.take_learned(user_id)

    # -- links

    def begin(self, peer: str) -> None:
        """Tell a worker everything that it is to know as a home."""
        self._homes.begin(peer)
        self._hosted.say_all(peer)

    def lose(self, peer: str) -> None:
        """Note that the conversation with a worker has ended."""
        self._homes.lose(peer)

    def follow_homes(self) -> None:
        """Note that users and guilds have another home."""
        self._homes.follow_homes()
        self._hosted.follow_homes()
        self._told.follow_homes()

    def take(self, peer: str, frame: OfUsers) -> None:
        """Take what another worker says."""
        match frame:
            case UserSaid():
                self._homes.take(peer, frame)
            case AllSaid():
                self._homes.settle(peer)
            case AskFriends():
                self._friends.answer(peer, frame)
            case FriendsAre():
                self._friends.take_answer(frame)
            case TellFriends():
                self._users.shown.tell_friends(frame.user_id, frame.presence, frame.friend_ids)
            case _:
                self._take_of_user(peer, frame)

    def _take_of_user(self, peer: str, frame: UserWord | Excess | TellGuilds | TellUnseen) -> None:
        match frame:
            case UserWord():
                self._hosted.take_word(peer, frame)
            case Excess():
                self._hosted.take_excess(frame)
            case TellGuilds():
                if self.is_home(frame.user_id):
                    self._users.shown.publish(frame.user_id, frame.guild_ids)
            case TellUnseen():
                if self.is_home(frame.user_id):
                    self._users.shown.publish_unseen(frame.user_id, frame.at_ms)


class UserFrames(LinkListener):
    """Takes the frames that are about users, and hands all others on."""

    __slots__ = ("_next", "_roaming")

    def __init__(self, *, roaming: Roaming, then: LinkListener) -> None:
        self._next = then
        self._roaming = roaming

    @override
    def on_begun(self, peer: str) -> None:
        self._next.on_begun(peer)
        self._roaming.begin(peer)

    @override
    def on_frame(self, peer: str, frame: bytes) -> None:
        if not is_user_frame(frame):
            self._next.on_frame(peer, frame)
            return
        try:
            self._roaming.take(peer, decode_user_frame(frame))
        except Exception:
            # One frame must not stop all others. Whatever the error is, it is a fault of ours.
            logger.exception("a frame about a user could not be applied", extra={"peer": peer})

    @override
    def on_broken(self, peer: str) -> None:
        self._next.on_broken(peer)
        self._roaming.lose(peer)
