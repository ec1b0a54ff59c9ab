"""Reading logins from the store: those that wait at the same time in one trip, and what happens meanwhile is not missed.

```
 ask ─→ waiting ─→ one read for up to LOGINS_A_READ ─→ read ─→ `take`, LOGINS_A_TURN in a turn of the loop
                     events of users and members that pass meanwhile are written down in the read's window
```

When a login is read nobody knows yet which user it is, so nothing can hold that user's events. Instead all events that pass
from the beginning of the read until a login is taken are noted, by user: what the login has missed is in its window.

Owns the queue of logins, and the windows.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, Final

from core.domain.errors import Unavailable
from core.domain.login import LoginSnapshot
from core.store.interfaces import Store
from core.wire.envelope import Envelope
from gateway.arrival import Arrival
from gateway.tasks import Tasks

logger = logging.getLogger(__name__)

LOGINS_A_READ: Final = 64
"""What one statement takes: a trip's cost is well shared out, and a read takes some milliseconds."""

LOGINS_A_TURN: Final = 16
"""About 2 ms; then the sockets of those who are connected already have their turn."""


class Window:
    """What passed since a read began."""

    __slots__ = ("events", "left", "members")

    def __init__(self, logins: int) -> None:
        self.left = logins
        """How many logins are still to be taken."""
        self.events: dict[int, list[Envelope]] = {}
        """Events for users, by user."""
        self.members: set[tuple[int, int]] = set()
        """(guild, user) of the memberships that changed."""


class ReadLogin:
    """A login, read. `snapshot` is None when there is no such login, `is_unavailable` when the store could not say."""

    __slots__ = ("arrival", "is_unavailable", "last_message_ids", "snapshot", "window")

    def __init__(self, arrival: Arrival, window: Window) -> None:
        self.arrival = arrival
        self.window = window
        self.snapshot: LoginSnapshot | None = None
        self.last_message_ids: Mapping[int, int] = {}
        """Of the direct channels."""
        self.is_unavailable = False

    def events_of(self, user_id: int) -> Sequence[Envelope]:
        """The user's events that passed meanwhile."""
        return self.window.events.get(user_id, ())

    def is_current(self, guild_id: int, user_id: int) -> bool:
        """Whether nothing has passed that is newer than the membership that was read."""
        return (guild_id, user_id) not in self.window.members


class LoginReads:
    """See the module. `take` is given the logins in the order in which they were asked for, and must not raise.

    `on_bad_token` is run with the address of each client whose token is nobody's.
    """

    __slots__ = (
        "_is_draining",
        "_is_reading",
        "_on_bad_token",
        "_read",
        "_store",
        "_take",
        "_tasks",
        "_waiting",
        "_windows",
    )

    def __init__(
        self,
        *,
        store: Store,
        tasks: Tasks,
        take: Callable[[Sequence[ReadLogin]], None],
        on_bad_token: Callable[[str], Coroutine[Any, Any, None]],
    ) -> None:
        self._store = store
        self._take = take
        self._on_bad_token = on_bad_token
        self._tasks = tasks
        self._waiting: deque[Arrival] = deque()
        self._read: deque[ReadLogin] = deque()
        self._windows: list[Window] = []
        self._is_reading = False
        self._is_draining = False

    def ask(self, arrival: Arrival) -> None:
        """Have a login read."""
        self._waiting.append(arrival)
        self._go_on()

    def note_user(self, envelope: Envelope) -> None:
        """An event for a user is about to be handed to the user's actor."""
        for window in self._windows:
            window.events.setdefault(envelope.user_id, []).append(envelope)

    def note_member(self, guild_id: int, user_id: int) -> None:
        """A membership is about to change in its guild's actor."""
        for window in self._windows:
            window.members.add((guild_id, user_id))

    def _go_on(self) -> None:
        """The next read goes on while the logins of the last one are taken; no more than that are held."""
        if self._read and not self._is_draining:
            self._is_draining = True
            asyncio.get_running_loop().call_soon(self._drain)
        if self._waiting and not self._is_reading and len(self._read) < LOGINS_A_READ:
            self._is_reading = True
            self._tasks.spawn(self._read_some())

    def _drain(self) -> None:
        some = [self._read.popleft() for _ in range(min(LOGINS_A_TURN, len(self._read)))]
        try:
            self._take(some)
        finally:
            for login in some:
                self._close(login.window)
            self._is_draining = False
            self._go_on()

    def _close(self, window: Window) -> None:
        window.left -= 1
        if not window.left:
            self._windows.remove(window)

    async def _read_some(self) -> None:
        logins: list[ReadLogin] = []
        try:
            logins = self._begin()
            if logins:
                await self._fetch(logins)
        except BaseException as error:
            for login in logins:
                login.is_unavailable = True
            if not isinstance(error, Unavailable):
                raise
        finally:
            self._read.extend(logins)
            self._is_reading = False
            self._go_on()

    def _begin(self) -> list[ReadLogin]:
        """The next logins. Who has gone meanwhile is not read: in a storm clients give up and come again."""
        arrivals: list[Arrival] = []
        while self._waiting and len(arrivals) < LOGINS_A_READ:
            arrival = self._waiting.popleft()
            if arrival.is_wanted or arrival.session is not None:
                arrivals.append(arrival)
        window = Window(len(arrivals))
        if arrivals:
            self._windows.append(window)
        return [ReadLogin(arrival, window) for arrival in arrivals]

    async def _fetch(self, logins: Sequence[ReadLogin]) -> None:
        found = await self._store.logins.find_many([login.arrival.token_hash for login in logins])
        direct = {channel.id for snapshot in found.values() for channel in snapshot.direct_channels}
        last_message_ids = await self._store.messages.last_ids(direct) if direct else {}
        for login in logins:
            login.snapshot = found.get(login.arrival.token_hash)
            login.last_message_ids = last_message_ids
            if login.snapshot is None:
                address = login.arrival.connection.remote_address
                logger.warning("login failed", extra={"address": address})
                await self._on_bad_token(address)
