"""A bot in another language as a child process: orders in, events out, one JSON object a line."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any


class BotProcess:
    """A bot's process: its events so far, and the orders that a test gives it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.events: list[dict[str, Any]] = []
        self._changed = asyncio.Event()
        self._answers = 0

    @property
    def has_ended(self) -> bool:
        """Whether the process is gone, so that no order reaches it."""
        return bool(self.events) and self.events[-1]["event"] == "ended"

    async def read(self) -> None:
        """Collect the events of the process until it ends."""
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            self.events.append(
                json.loads(line) if line.startswith(b"{") else {"event": "output", "text": line.decode()}
            )
            self._changed.set()
        self.events.append({"event": "ended"})
        self._changed.set()

    async def wait_for(self, event: str, check: Callable[[dict[str, Any]], bool] = lambda _: True) -> dict[str, Any]:
        """Wait for the first event of that name, past or future, that the check accepts."""
        async with asyncio.timeout(60):
            seen = 0
            while True:
                while seen < len(self.events):
                    found = self.events[seen]
                    seen += 1
                    if found["event"] == event and check(found):
                        return found
                    assert found["event"] != "ended", self.events
                self._changed.clear()
                await self._changed.wait()

    async def order(self, order: str, **details: Any) -> dict[str, Any]:
        """Give the bot an order and return its answer. There is one order at a time."""
        answer = await self.attempt(order, **details)
        assert answer["event"] == "done", answer
        return answer

    async def attempt(self, order: str, **details: Any) -> dict[str, Any]:
        """Give the bot an order that may fail: the answer's `event` is `done` or `failed`."""
        assert self._process.stdin is not None
        before = self._answers
        self._process.stdin.write(json.dumps({"order": order, **details}).encode() + b"\n")
        await self._process.stdin.drain()
        async with asyncio.timeout(60):
            while True:
                answers = [event for event in self.events if event["event"] in ("done", "failed")]
                if len(answers) > before:
                    self._answers = len(answers)
                    return answers[before]
                assert not self.has_ended, self.events
                self._changed.clear()
                await self._changed.wait()

    def contents(self) -> list[str]:
        """Return the contents of the messages that arrived, in order of arrival."""
        return [event["content"] for event in self.events if event["event"] == "message"]


@asynccontextmanager
async def running_bot_process(*command: str, folder: Path) -> AsyncIterator[BotProcess]:
    """Run a bot until the test ends, from the moment when it is ready."""
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    bot = BotProcess(process)
    reading = asyncio.create_task(bot.read())
    try:
        await bot.wait_for("ready")
        yield bot
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        await reading
