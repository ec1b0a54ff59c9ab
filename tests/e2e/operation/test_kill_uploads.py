"""kill -9 while files are uploaded: answered ones are there afterwards, and of all others nothing is, not even a part."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from tests.e2e.conftest import GENEROUS
from tests.support.person import Person, text_channel
from tests.support.server_process import Server

DATA: Final = os.urandom(1_000_000)
KILL_AFTER: Final = 20
"""The number of answered messages after which the server is killed."""
SWEPT: Final = {
    **GENEROUS,
    "GUILDWAY_FILES_SWEEP_INTERVAL_S": "0.2",
    "GUILDWAY_FILES_UPLOAD_LIFETIME_S": "6",
}


class Senders:
    """People who send files until the server goes, and what was answered."""

    def __init__(self, person: Person, channel_id: str) -> None:
        self._person = person
        self._path = f"/channels/{channel_id}/messages"
        self.answered: set[str] = set()
        self.reached = asyncio.Event()

    async def send(self) -> None:
        """Send messages with a file, one after the other."""
        with contextlib.suppress(httpx.HTTPError):
            while True:
                files = {"files[0]": ("a.bin", DATA[: 1 + len(self.answered) * 20_000])}
                answer = await self._person.request("POST", self._path, files=files)
                if not answer.is_success:
                    return
                self.answered.add(answer.json()["attachments"][0]["id"])
                if len(self.answered) >= KILL_AFTER:
                    self.reached.set()

    async def upload_without_end(self, url: str) -> None:
        """Upload a file that does not become whole before the server goes."""
        with contextlib.suppress(httpx.HTTPError):
            async with httpx.AsyncClient(timeout=60) as http:
                await http.put(url, content=_pieces(), headers={"content-length": str(1 << 26)})


async def _pieces() -> AsyncIterator[bytes]:
    for _ in range(1 << 10):
        yield bytes(1 << 16)
        await asyncio.sleep(0.05)


def list_files(data: Path) -> list[Path]:
    return [path for path in (data / "files").rglob("*") if path.is_file()]


async def wait_until_left(data: Path, count: int) -> None:
    """Wait until only so many files are there."""
    async with asyncio.timeout(60):
        while True:
            if len(list_files(data)) <= count:
                return
            await asyncio.sleep(0.2)


@pytest.mark.timeout(600)
@pytest.mark.embedded
async def test_kill_during_uploads_loses_nothing_and_leaves_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    server = await Server(folder, SWEPT).start()
    try:
        async with await Person.register(server.api) as alice:
            channel_id = text_channel(await alice.make_guild())
            body = {"files": [{"filename": "a.bin", "file_size": 1 << 26}]}
            (announced,) = (await alice.call("POST", f"/channels/{channel_id}/attachments", body))["attachments"]
            senders = Senders(alice, channel_id)
            senders_at_work = [senders.send() for _ in range(6)]
            running = asyncio.gather(*senders_at_work, senders.upload_without_end(announced["upload_url"]))
            await senders.reached.wait()
            await server.kill()
            await running
            assert len(list_files(folder)) > len(senders.answered), "nothing was cut off"
            await server.start()
            await _check(alice, channel_id, folder, senders.answered)
    finally:
        await server.kill()


async def _check(alice: Person, channel_id: str, folder: Path, answered: set[str]) -> None:
    history = await alice.call("GET", f"/channels/{channel_id}/messages?limit=100")
    stored: list[dict[str, Any]] = [message["attachments"][0] for message in history]
    assert answered <= {each["id"] for each in stored}
    await wait_until_left(folder, len(stored))
    async with httpx.AsyncClient(timeout=60) as http:
        for each in stored:
            assert len((await http.get(each["url"])).content) == each["size"]
    for message in history:
        await alice.call("DELETE", f"/channels/{channel_id}/messages/{message['id']}")
    await wait_until_left(folder, 0)
