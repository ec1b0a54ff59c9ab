"""A Chromium without a window: opens a page, and calls its functions over the DevTools protocol."""

import asyncio
import contextlib
import json
import shutil
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any, Final

import httpx
from websockets.asyncio.client import ClientConnection, connect

CHROMIUM: Final = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
_START_S: Final = 60
_CALL_S: Final = 60
_IS_THERE: Final = "location.href !== 'about:blank' && document.readyState === 'complete'"
"""The event of a load may be that of the empty page, which was there before and which a busy browser tells of late."""


class Page:
    """A page that is open. `complaints` are what the browser's console says at the level of an error."""

    def __init__(self, socket: ClientConnection) -> None:
        self.complaints: list[str] = []
        self._socket = socket
        self._asked = 0
        self._is_loaded = False

    async def run(self, expression: str) -> Any:
        """Run JavaScript as if the user had clicked, and return its value, or what its promise brings.

        Raises:
            AssertionError: when it throws.
        """
        told = await self.ask(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True, userGesture=True
        )
        assert "exceptionDetails" not in told, told["exceptionDetails"]
        return told["result"].get("value")

    async def call(self, function: str, *arguments: Any) -> Any:
        """Call a function of the page with values that JSON has."""
        return await self.run(f"{function}({', '.join(json.dumps(argument) for argument in arguments)})")

    async def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """Send a command of the protocol, and return its result. There is one at a time."""
        self._asked += 1
        await self._socket.send(json.dumps({"id": self._asked, "method": method, "params": params}))
        while (told := await self._take()).get("id") != self._asked:
            pass
        result: dict[str, Any] = told["result"]
        return result

    async def visit(self, url: str) -> None:
        """Go to an address, and wait until its page and scripts are loaded."""
        await self.ask("Page.enable")
        await self.ask("Page.navigate", url=url)
        while True:
            self._is_loaded = False
            if await self.run(_IS_THERE):
                return
            while not self._is_loaded:
                await self._take()

    async def _take(self) -> dict[str, Any]:
        """Read what the browser says next."""
        async with asyncio.timeout(_CALL_S):
            told: dict[str, Any] = json.loads(await self._socket.recv())
        if told.get("method") == "Log.entryAdded" and told["params"]["entry"]["level"] == "error":
            self.complaints.append(told["params"]["entry"]["text"])
        self._is_loaded |= told.get("method") == "Page.loadEventFired"
        return told


@contextlib.asynccontextmanager
async def open_page(folder: Path, url: str) -> AsyncIterator[Page]:
    """Start a browser with a profile in the folder, and open a page."""
    async with open_pages(folder, [url]) as (page,):
        yield page


@contextlib.asynccontextmanager
async def open_pages(folder: Path, urls: Sequence[str], flags: Sequence[str] = ()) -> AsyncIterator[list[Page]]:
    """Start a browser with a profile in the folder and more flags, and open pages."""
    async with (
        _running(folder, flags) as port,
        httpx.AsyncClient(timeout=60) as http,
        contextlib.AsyncExitStack() as sockets,
    ):
        pages = []
        for url in urls:
            target = (await http.put(f"http://127.0.0.1:{port}/json/new?about:blank")).json()
            socket = await sockets.enter_async_context(connect(target["webSocketDebuggerUrl"], max_size=None))
            pages.append(Page(socket))
            await pages[-1].ask("Log.enable")
            await pages[-1].visit(url)
        yield pages


@contextlib.asynccontextmanager
async def _running(folder: Path, flags: Sequence[str]) -> AsyncIterator[int]:
    """Run a browser; give the port of its DevTools."""
    assert CHROMIUM is not None
    process = await asyncio.create_subprocess_exec(
        CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync", "--mute-audio",
        "--remote-debugging-port=0", f"--user-data-dir={folder}", *flags, "about:blank",
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        yield await _read_port(process)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.communicate()


async def _read_port(process: asyncio.subprocess.Process) -> int:
    """Wait until the browser says where its DevTools listen."""
    assert process.stderr is not None
    lines: list[str] = []
    async with asyncio.timeout(_START_S):
        async for line in process.stderr:
            lines.append(line.decode(errors="replace"))
            if "DevTools listening on " in lines[-1]:
                return int(lines[-1].split("127.0.0.1:")[1].split("/")[0])
    raise AssertionError(f"the browser has ended: {''.join(lines)}")
