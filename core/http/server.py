"""The server of one ASGI application on one bound socket.

It accepts from `run` on. When it is told to stop, it finishes the requests in flight, and for a moment still answers
those that were on their way; then its idle connections linger and close. Signals belong to `core.runtime.main`.
Applications start and stop themselves, so there is no ASGI lifespan. Answers get no headers but those that frame them:
a Date is the application's to give. The server owns the socket from `run` on.
"""

import asyncio
import logging
import socket
from collections.abc import Callable, Sequence
from typing import Any, Final

from core.http.bounds import DEFAULT_BOUNDS, HttpBounds
from core.http.connection import HttpConnection
from core.http.exchange import Application
from core.http.open_work import OpenWork
from core.http.peers import HttpPeers
from core.http.proxies import TrustedProxies
from core.http.serving import Serving
from core.http.shared_port import PLAIN, Front, SharedConnection
from core.runtime.clock import SystemClock
from core.runtime.sockets import BACKLOG, local_authority
from core.runtime.tls import HANDSHAKE_S
from core.runtime.unix_sockets import UNIX

logger = logging.getLogger(__name__)

_LAST_WORDS_S: Final = 0.25
"""The time for requests that were given up to answer 503, and for their connections to close."""

_ACCEPTING_TURNS: Final = 3
"""The turns of the loop in which the kernel's new connections become ours. It resets those that nobody accepted."""


class HttpServer:
    """An application and its socket."""

    __slots__ = ("_application", "_bounds", "_front", "_grace_s", "_peers", "_proxies", "_socket", "_work",
                 "authority")  # fmt: skip

    def __init__(
        self,
        *,
        app: Application,
        sock: socket.socket,
        grace_s: float,
        trusted_proxies: Sequence[str] = (),
        bounds: HttpBounds = DEFAULT_BOUNDS,
        count_refusal: Callable[[str], None] = lambda _: None,
        front: Front = PLAIN,
    ) -> None:
        """`grace_s` is the time that requests in flight have when `run` is told to stop. `count_refusal` is called with
        the limit's name for each connection past a bound. WebSockets that come are those of the front's shared port, if
        there is one.

        Raises:
            StartError: when a proxy is no address.
        """
        self._application = app
        self._socket = sock
        self._grace_s = grace_s
        self._bounds = bounds
        self._proxies = TrustedProxies(trusted_proxies)
        self._peers = HttpPeers(bounds=bounds, count_refusal=count_refusal)
        self._work = OpenWork()
        self._front = front
        self.authority = local_authority(sock)

    @property
    def url(self) -> str:
        """The address by which a client on this machine reaches the server, `unix:` and a path for a Unix socket."""
        if self.authority.startswith(UNIX):
            return self.authority
        return f"{'https' if self._front.tls else 'http'}://{self.authority}"

    async def run(self, *, started: asyncio.Event, stopping: asyncio.Event) -> None:
        """Set `started` once requests are answered. When `stopping` is set, finish those in flight and return."""
        loop = asyncio.get_running_loop()
        serving = Serving(
            application=self._application,
            bounds=self._bounds,
            peers=self._peers,
            proxies=self._proxies,
            work=self._work,
            clock=SystemClock(),
            call_later=loop.call_later,
        )
        # The loop asks for a subclass of asyncio's protocol, which adds nothing to its methods.
        shared = self._front.shared
        make_connection: Any = lambda: HttpConnection(serving)  # noqa: E731
        if shared is not None:
            make_connection = lambda: SharedConnection(serving, shared)  # noqa: E731
        listener = await loop.create_server(
            make_connection,
            sock=self._socket,
            backlog=BACKLOG,
            ssl=self._front.tls,
            ssl_handshake_timeout=HANDSHAKE_S if self._front.tls else None,
        )
        try:
            started.set()
            await stopping.wait()
            self._work.is_stopping = True
            for _ in range(_ACCEPTING_TURNS):
                await asyncio.sleep(0)
        finally:
            listener.close()
            self._socket.close()
        await self._drain()

    async def _drain(self) -> None:
        stop_s = min(self._bounds.stop_s, self._grace_s)
        for connection in list(self._work.connections):
            if not connection.is_idle:
                connection.shutdown()
        if await self._is_done_within(stop_s):
            return
        for connection in list(self._work.connections):
            connection.shutdown()
        if not await self._is_done_within(self._grace_s - stop_s):
            await self._give_up()

    async def _give_up(self) -> None:
        if self._work.tasks:
            logger.error("requests were given up at the end", extra={"requests": len(self._work.tasks)})
        for task in self._work.tasks:
            task.cancel()
        await self._is_done_within(_LAST_WORDS_S)
        for connection in list(self._work.connections):
            connection.abort()

    async def _is_done_within(self, limit_s: float) -> bool:
        try:
            async with asyncio.timeout(limit_s):
                await self._work.wait_until_done()
        except TimeoutError:
            return False
        return True
