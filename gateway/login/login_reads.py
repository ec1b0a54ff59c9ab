"""The reads of logins from the store: one read serves all logins that wait, and events meanwhile are not missed.

```
 ask ─→ waiting ─→ one read for up to LOGINS_A_READ ─→ read ─→ `take`, LOGINS_A_TURN in a turn of the loop
                     events meanwhile are noted in the read's window (`gateway.events.login_windows`)
```

Owns the queues of logins.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping, Sequence
from typing import Any, Final

from core.domain.errors import Unavailable
from core.store.interfaces import Store
from gateway.events.login_windows import LoginWindows
from gateway.events.row_wait import RowWait
from gateway.login.login import Login
from gateway.login.private_data import PrivateData, PrivateReads
from gateway.scheduling.tasks import Tasks

logger = logging.getLogger(__name__)

LOGINS_A_READ: Final = 64
"""The logins of one read: enough to share the cost of a trip, and few enough for some milliseconds."""

LOGINS_A_TURN: Final = 16
"""The logins that are taken in one turn of the loop: about 2 ms, so that connected sockets are served in between."""


class LoginReads:
    __slots__ = (
        "_count_start",
        "_is_draining",
        "_is_reading",
        "_on_bad_token",
        "_private",
        "_read",
        "_rows",
        "_settle_places",
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
        rows: RowWait,
        windows: LoginWindows,
        tasks: Tasks,
        on_bad_token: Callable[[str], Coroutine[Any, Any, None]],
        settle_places: Callable[[Collection[int]], Awaitable[None]],
        count_start: Callable[[Login], Awaitable[None]],
    ) -> None:
        """`count_start` counts the identify of a bot.

        `on_bad_token` is run with the address of each client whose token is unknown, `settle_places` with the people
        whose read states are about to be read.
        """
        self._store = store
        self._settle_places = settle_places
        self._count_start = count_start
        self._private = PrivateReads(store=store)
        self._take: Callable[[Sequence[Login]], None]
        self._on_bad_token = on_bad_token
        self._tasks = tasks
        self._windows = windows
        self._waiting: deque[Login] = deque()
        self._read: deque[Login] = deque()
        self._rows = rows
        self._is_reading = False
        self._is_draining = False

    def hand_to(self, take: Callable[[Sequence[Login]], None]) -> None:
        """Set the receiver of the logins, in the order of `ask`, before the first `ask`. It must not raise."""
        self._take = take

    def ask(self, login: Login) -> None:
        """Queue a login to be read."""
        self._waiting.append(login)
        self._go_on()

    def _go_on(self) -> None:
        """Start the next read while the logins of the last one are taken. No more than one read is held."""
        if self._read and not self._is_draining:
            self._is_draining = True
            asyncio.get_running_loop().call_soon(self._drain)
        if self._waiting and not self._is_reading and len(self._read) < LOGINS_A_READ:
            self._is_reading = True
            self._tasks.spawn(self._read_some())

    def _drain(self) -> None:
        some = [self._read.popleft() for _ in range(min(LOGINS_A_TURN, len(self._read)))]
        windows = [login.window for login in some]
        try:
            self._take(some)
        finally:
            for window in windows:
                self._windows.close(window)
            self._is_draining = False
            self._go_on()

    async def _read_some(self) -> None:
        logins: list[Login] = []
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

    def _begin(self) -> list[Login]:
        """Return the next logins, without those whose client has gone: in a storm clients give up and come again."""
        logins: list[Login] = []
        while self._waiting and len(logins) < LOGINS_A_READ:
            login = self._waiting.popleft()
            if login.is_wanted or login.session is not None:
                logins.append(login)
        if logins:
            window = self._windows.open(len(logins))
            for login in logins:
                login.window = window
        return logins

    async def _fetch_private(self, people: Collection[int]) -> Mapping[int, PrivateData]:
        await self._settle_places(people)
        return await self._private.fetch(people)

    async def _fetch(self, logins: Sequence[Login]) -> None:
        found = await self._store.logins.find_many([login.token_hash for login in logins])
        direct = {channel.id for snapshot in found.values() for channel in snapshot.direct_channels}
        last_message_ids = await self._store.messages.last_ids(direct) if direct else {}
        people = {snapshot.auth.user_id for snapshot in found.values() if not snapshot.account.user.bot}
        private = await self._fetch_private(people) if people else {}
        await self._rows.wait()
        for login in logins:
            login.snapshot = found.get(login.token_hash)
            login.last_message_ids = last_message_ids
            if login.snapshot is not None:
                login.private = private.get(login.snapshot.auth.user_id) or PrivateData()
            else:
                address = login.connection.remote_address
                logger.warning("login failed", extra={"address": address})
                await self._on_bad_token(address)
        bots = [login for login in logins if login.snapshot is not None and login.snapshot.account.user.bot]
        if len(bots) == 1:
            await self._count_start(bots[0])
        elif bots:
            await asyncio.gather(*map(self._count_start, bots))
