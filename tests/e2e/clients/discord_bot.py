"""A stock discord.py client that records its events, so that a test can wait for them."""

import asyncio
import importlib.util
import socket
import sys
import warnings
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import ModuleType
from typing import Any
from unittest import mock

import yarl

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # discord.py imports audioop.
    import discord
    import discord.gateway
    import discord.http

TRANSPORTS = ("json", "zlib-stream", "zstd-stream")

_GUILD_READY_TIMEOUT_S = 0.3
"""The time after the last GUILD_CREATE before a client is ready. Ours come in one turn of the loop; discord.py's
default of 2 s is for a server that sends them one by one."""


def _utils_without_zstandard() -> ModuleType:
    """Make discord.utils behave as on a machine without zstandard, with a zlib context of its own."""
    spec = importlib.util.spec_from_file_location("discord._utils_without_zstandard", discord.utils.__file__)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    hidden = {"zstandard": None, "compression": None, "compression.zstd": None}
    with mock.patch.dict(sys.modules, {**hidden, spec.name: module}):
        spec.loader.exec_module(module)
    return module


_CONTEXTS = {
    "zlib-stream": _utils_without_zstandard()._ActiveDecompressionContext,
    "zstd-stream": discord.utils._ActiveDecompressionContext,
}


class Recorder:
    """The events of one client."""

    def __init__(self) -> None:
        self.events: list[tuple[str, tuple[Any, ...]]] = []
        self._changed = asyncio.Event()

    def record(self, event: str, *arguments: Any) -> None:
        """Record an event. The client calls this for each one."""
        self.events.append((event, arguments))
        self._changed.set()

    async def wait_for(
        self, event: str, check: Callable[..., bool] = lambda *_: True, timeout_s: float = 60
    ) -> tuple[Any, ...]:
        """Wait for the first event of that name, past or future, that the check accepts."""
        async with asyncio.timeout(timeout_s):
            seen = 0
            while True:
                while seen < len(self.events):
                    name, arguments = self.events[seen]
                    seen += 1
                    if name == event and check(*arguments):
                        return arguments
                self._changed.clear()
                await self._changed.wait()

    def all(self, event: str) -> list[tuple[Any, ...]]:
        """Return every event of that name so far."""
        return [arguments for name, arguments in self.events if name == event]

    def contents(self, channel_id: int) -> list[str]:
        """Return the contents of the messages that arrived in a channel, in order of arrival."""
        return [message.content for (message,) in self.all("message") if message.channel.id == channel_id]


def _recording(kind: type[discord.Client], recorder: Recorder) -> type[discord.Client]:
    """Make a client class whose `dispatch` also tells the recorder."""

    def dispatch(self: discord.Client, event: str, /, *arguments: Any, **options: Any) -> None:
        recorder.record(event, *arguments)
        kind.dispatch(self, event, *arguments, **options)

    return type(f"Recording{kind.__name__}", (kind,), {"dispatch": dispatch})


@asynccontextmanager
async def running_bot(
    server: Any,
    token: str,
    *,
    transport: str = "zstd-stream",
    intents: discord.Intents | None = None,
    kind: type[discord.Client] = discord.Client,
    **options: Any,
) -> AsyncIterator[tuple[discord.Client, Recorder]]:
    """Run a client until the test ends, from the moment when it is ready."""
    recorder = Recorder()
    keyword_defaults = discord.gateway.DiscordWebSocket.from_client.__func__.__kwdefaults__
    with (
        mock.patch.object(discord.http.Route, "BASE", f"{server.api}/api/v10"),
        mock.patch.object(discord.gateway.DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(server.gateway)),
        mock.patch.object(
            discord.utils, "_ActiveDecompressionContext", _CONTEXTS.get(transport, _CONTEXTS["zlib-stream"])
        ),
        mock.patch.dict(keyword_defaults, {"compress": transport != "json"}),
    ):
        options.setdefault("guild_ready_timeout", _GUILD_READY_TIMEOUT_S)
        client = _recording(kind, recorder)(intents=intents or discord.Intents.all(), **options)
        task = asyncio.create_task(client.start(token))
        try:
            ready = asyncio.create_task(recorder.wait_for("ready"))
            done, _ = await asyncio.wait({ready, task}, return_when=asyncio.FIRST_COMPLETED)
            if task in done:
                ready.cancel()
                await task
            await ready
            await _wait_for_guilds(client)
            yield client, recorder
        finally:
            await client.close()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def _wait_for_guilds(client: discord.Client) -> None:
    """Wait until the client has its guilds whole: on a busy machine it may be ready before."""
    async with asyncio.timeout(60):
        while any(guild.unavailable for guild in client.guilds):  # noqa: ASYNC110 - the library tells it in many ways
            await asyncio.sleep(0.01)


def cut_socket(client: discord.Client) -> None:
    """Lose the connection without a close frame, as a broken network does."""
    raw = client.ws.socket.get_extra_info("socket")  # type: ignore[attr-defined]
    raw.shutdown(socket.SHUT_RDWR)
