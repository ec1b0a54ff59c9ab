"""The entrance of sessions into guilds: at a login, after READY of a large bot, and when their users join.

```
 stay ─→ open ─→ the membership's row ─→ events that have come and wait ─→ enter ─→ close
                 login: read with it      `catch_up`                       all of a login's guilds
                 later: read here                                          in the turn of READY
```

A guild is entered through a stay (`gateway.guilds.guild_stay`), which loads the guild if need be and keeps it in
memory. A row that was just read from the store may be newer than events in the inbox, so these are applied before a
session enters. A login opens all its guilds and enters them together (`gateway.login.identify`). Later a session enters
one guild after the other. Messages that are sent after a user has joined are collected by the stay and follow
GUILD_CREATE.

Owns the table of entries under way.
"""

import logging
from collections.abc import Collection, Iterable, Sequence

from core.domain.errors import Unavailable
from core.store.interfaces import Store
from gateway.events.inbox import Inbox
from gateway.guilds.guild_directory import GuildDirectory
from gateway.guilds.guild_stay import GuildStay
from gateway.scheduling.tasks import Tasks
from gateway.sessions.session import Session
from gateway.users.user_directory import UserDirectory

logger = logging.getLogger(__name__)


class GuildEntrance:
    __slots__ = ("_guilds", "_inbox", "_store", "_tasks", "_under_way", "_users")

    def __init__(
        self, *, guilds: GuildDirectory, users: UserDirectory, store: Store, tasks: Tasks, inbox: Inbox
    ) -> None:
        self._guilds = guilds
        self._inbox = inbox
        self._store = store
        self._tasks = tasks
        self._users = users
        self._under_way: set[tuple[str, int]] = set()

    def stay(self, user_id: int, guild_id: int) -> GuildStay:
        """Begin a stay at a guild, and load the guild if need be."""
        return self._guilds.stay(guild_id, user_id)

    def catch_up(self) -> None:
        """Apply the events that wait in the inbox."""
        self._inbox.flush()

    def show(self, user_id: int, stays: Iterable[GuildStay]) -> None:
        """Tell the guilds the presence of a user who is about to enter, before the first user of a batch enters."""
        presence = self._users.find_presence(user_id)
        if presence is None:
            return
        for stay in stays:
            if stay.is_member and stay.actor is not None:
                stay.actor.show(user_id, presence)

    def enter(self, session: Session, stay: GuildStay) -> None:
        """Let the session in when its user is a member. The guild is told the presence with a user's first session."""
        user_id, actor = session.user_id, stay.actor
        if actor is None or session.is_ended:
            return
        is_first = not actor.sessions.slots_of(user_id)
        presence = self._users.find_presence(user_id)
        if stay.enter(session, presence=presence) and is_first and presence is not None:
            self._users.publish_presence(user_id, [stay.guild_id])

    def enter_later(self, session: Session, guild_ids: Sequence[int]) -> None:
        """Enter more guilds after READY, one after the other. A join of one of them is ignored from here on."""
        if guild_ids:
            self._under_way.update((session.id, guild_id) for guild_id in guild_ids)
            self._tasks.spawn(self._enter_each(session, guild_ids))

    def join(self, session: Session, guild_id: int) -> None:
        """Enter a guild that the session's user has joined. No message from now on is lost."""
        key = (session.id, guild_id)
        if guild_id in session.slots or key in self._under_way:
            return
        self._under_way.add(key)
        self._tasks.spawn(self._go_in(session, self._guilds.stay(guild_id, session.user_id, is_new=True)))

    def leave_all(self, session: Session) -> None:
        """Leave every guild."""
        for guild_id in list(session.slots):
            self._guilds.leave(session, guild_id)

    async def _enter_each(self, session: Session, guild_ids: Collection[int]) -> None:
        for guild_id in guild_ids:
            if session.is_ended:
                self._under_way.discard((session.id, guild_id))
            else:
                await self._go_in(session, self._guilds.stay(guild_id, session.user_id))

    async def _go_in(self, session: Session, stay: GuildStay) -> None:
        guild_id = stay.guild_id
        try:
            await stay.open()
            if stay.awaits_row:
                stay.settle(await self._store.members.find(guild_id, stay.user_id))
            self.catch_up()
            self.enter(session, stay)
        except Unavailable:
            logger.warning("a guild could not be loaded", extra={"guild_id": guild_id})
        finally:
            stay.close()
            self._under_way.discard((session.id, guild_id))
