"""A running process: its servers, its chores, and the order of its start and its end.

The composition roots (`embedded` for the whole backend in one process, `cluster` for one of many) build the parts. A
process need not have all of them: one of a cluster has an API or a gateway.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from functools import partial
from typing import Any, Final

import msgspec

from core.http.server import HttpServer
from core.runtime.ending import EndDeadline
from core.runtime.garbage import GarbageControl
from gateway.app import Gateway
from guildway.addresses import Addresses

logger = logging.getLogger(__name__)

GATEWAY_GRACE_S: Final = 2.0
"""The time for op 7 and a close frame to every client. Together with the requests' grace it stays under 5 s."""

Chore = Callable[[], Coroutine[Any, Any, None]]


class Server:
    """All parts of a process. `run` starts them."""

    __slots__ = (
        "_api_server", "_chores", "_deadline", "_facts", "_garbage", "_gateway", "_operations_server", "_prepare",
        "reload",
    )  # fmt: skip

    def __init__(  # noqa: PLR0913 - all parts of a process
        self,
        *,
        gateway: Gateway | None,
        api_server: HttpServer | None,
        operations_server: HttpServer | None,
        garbage: GarbageControl,
        chores: Mapping[str, Chore],
        facts: Mapping[str, object],
        prepare: Callable[[], Awaitable[None]] | None = None,
        reload: Callable[[], None] = lambda: None,
        deadline: EndDeadline | None = None,
    ) -> None:
        """`chores` run beside the servers; `facts` are in the log's first line. `prepare` ends when it can serve.
        `reload` reads anew what may change while it serves. `deadline` bounds the end that a failure brings.
        """
        self.reload = reload
        self._deadline = deadline or EndDeadline()
        self._prepare = prepare
        self._gateway = gateway
        self._api_server = api_server
        self._operations_server = operations_server
        self._garbage = garbage
        self._chores = chores
        self._facts = facts

    async def run(self, *, stopping: asyncio.Event, when_ready: Callable[[Addresses], None]) -> None:
        """Serve until `stopping` is set. `when_ready` is called once, when every listener answers."""
        async with asyncio.TaskGroup() as chores:
            running = [chores.create_task(self._watch(run), name=name) for name, run in self._chores.items()]
            if await self._is_prepared(stopping):
                if self._gateway is not None:
                    await self._gateway.start()
                    running.append(chores.create_task(self._watch(self._gateway.run), name="gateway"))
                await self._serve(stopping=stopping, when_ready=when_ready)
            for task in running:
                task.cancel()

    async def _serve(self, *, stopping: asyncio.Event, when_ready: Callable[[Addresses], None]) -> None:
        servers = [server for server in (self._api_server, self._operations_server) if server is not None]
        started = [asyncio.Event() for _ in servers]
        async with asyncio.TaskGroup() as tasks:
            for server, event in zip(servers, started, strict=True):
                serving = self._watch(partial(server.run, started=event, stopping=stopping))
                tasks.create_task(serving, name=f"http {server.authority}")
            for event in started:
                await event.wait()
            with self._garbage.in_force():
                logger.info("ready", extra={**self._facts, **msgspec.structs.asdict(self._addresses())})
                when_ready(self._addresses())
                await stopping.wait()
            logger.info("stopping")
            if self._gateway is not None:
                await end_within(GATEWAY_GRACE_S, self._gateway.stop, "gateway")

    async def _watch(self, part: Chore) -> None:
        """Run a part. When it fails, all others are to end, and they do so in time."""
        try:
            await part()
        except Exception:
            self._deadline.begin()
            raise

    async def _is_prepared(self, stopping: asyncio.Event) -> bool:
        """Wait until the process can serve; False when it is told to stop before."""
        if self._prepare is None:
            return True
        waits = [asyncio.ensure_future(self._prepare()), asyncio.ensure_future(stopping.wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            return not stopping.is_set()
        finally:
            for wait in waits:
                wait.cancel()

    def _addresses(self) -> Addresses:
        api, operations = self._api_server, self._operations_server
        return Addresses(
            api=api.url if api else "",
            gateway=self._gateway.local_url if self._gateway else "",
            metrics=operations.url if operations else "",
        )


async def end_within(limit_s: float, end: Callable[[], Awaitable[None]], name: str) -> None:
    """Await the end of a part, but no longer than `limit_s`, so that a process that was told to end does end."""
    try:
        async with asyncio.timeout(limit_s):
            await end()
    except TimeoutError:
        logger.warning("did not end in time", extra={"part": name, "limit_s": limit_s})
