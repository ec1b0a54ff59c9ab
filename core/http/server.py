"""Serves one ASGI application on one bound socket: uvicorn, with everything off that the process does itself.

Signals belong to `core.runtime.main`, logs to `core.runtime.logs`; the Date and Server headers cost bytes in every answer and
tell clients nothing. Owns the socket from `run` on.
"""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import uvicorn
from typing_extensions import override

from core.http.bounds import DEFAULT_BOUNDS, HttpBounds
from core.http.peers import HttpPeers
from core.http.protocol import HttpProtocol
from core.runtime.sockets import local_authority


class HttpServer:
    """An application and its socket."""

    __slots__ = ("_server", "_socket", "authority")

    def __init__(
        self,
        *,
        app: Any,
        sock: socket.socket,
        grace_s: int,
        trusted_proxies: Sequence[str] = (),
        bounds: HttpBounds = DEFAULT_BOUNDS,
        count_refusal: Callable[[str], None] = lambda _: None,
        lifespan: bool = True,
    ) -> None:
        """`grace_s`: how long `run` waits for requests that are being answered when it is told to stop. `count_refusal` is called
        with the limit's name for each connection that is one too many.

        Raises:
            StartError: when a proxy is no address.
        """
        peers = HttpPeers(bounds=bounds, trusted_proxies=trusted_proxies, count_refusal=count_refusal)
        # uvicorn asks for a subclass of asyncio's, which adds nothing to its methods.
        protocol: Any = partial(HttpProtocol, bounds=bounds, peers=peers)
        config = uvicorn.Config(
            app,
            loop="none",
            http=protocol,
            ws="none",
            lifespan="on" if lifespan else "off",
            log_config=None,
            log_level="warning",
            access_log=False,
            proxy_headers=bool(trusted_proxies),
            forwarded_allow_ips=list(trusted_proxies),
            server_header=False,
            date_header=False,
            timeout_graceful_shutdown=grace_s,
        )
        self._server = _Server(config)
        self._socket = sock
        self.authority = local_authority(sock)

    async def run(self, *, started: asyncio.Event, stopping: asyncio.Event) -> None:
        """Set `started` once requests are answered; when `stopping` is set, finish what is being answered and return."""
        self._server.when_started = started.set
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._server.serve(sockets=[self._socket]), name=f"http {self.authority}")
            await stopping.wait()
            self._server.should_exit = True


class _Server(uvicorn.Server):
    """uvicorn offers no switch for either of these two, so they are overridden."""

    when_started: Any = None

    @override
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self.when_started()

    @override
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
