"""The users of this worker's sessions, as the guilds elsewhere need them."""

from collections.abc import Callable, Collection

import msgspec
from typing_extensions import override

from gateway.far.far_guilds import FarUsers
from gateway.sessions.seat import Seat
from gateway.sessions.session import Session
from gateway.users.user_directory import UserDirectory


class HostedUsers(FarUsers):
    """`on_lost` takes each session that may have missed something."""

    __slots__ = ("_on_lost", "_users")

    def __init__(self, *, users: UserDirectory, on_lost: Callable[[Session], None]) -> None:
        self._on_lost = on_lost
        self._users = users

    @override
    def foresee_presence(self, session: Seat) -> msgspec.Raw | None:
        return self._users.shown.foresee(session)

    @override
    def note_entered(self, session: Session, guild_ids: Collection[int]) -> None:
        self._users.note_entered(session, guild_ids, is_first=True)

    @override
    def note_moved(self, session: Session, guild_id: int) -> None:
        self._users.note_moved(session, guild_id)

    @override
    def note_lost(self, session: Session) -> None:
        self._on_lost(session)
