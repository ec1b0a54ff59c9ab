"""People who send files, and the folder and the rows that hold what was sent and nothing else afterwards."""

import asyncio
import contextlib
import itertools
import os
from pathlib import Path
from typing import Any, Final

import asyncpg  # type: ignore[import-untyped]  # it has no types
import httpx

from tests.e2e.cluster.conversations.doer import Everywhere

_DATA: Final = os.urandom(400_000)
_STORE_ID: Final = "store-id"
"""The file by which the processes see that they share a folder."""
_GONE_S: Final = 60.0
"""The longest time in which what nothing refers to is swept away on a busy machine."""


class SendingFiles:
    """Somebody who sends messages with a file of random bytes each, some of them uploaded ahead."""

    def __init__(self, person: Everywhere, channel_id: str) -> None:
        self._person = person
        self._channel = f"/channels/{channel_id}"
        self._numbers = itertools.count(1)
        self._answered: dict[str, int] = {}
        """The size of each file, by its id."""

    async def do(self) -> bool:
        """Send the next file. See `Doer`."""
        number = next(self._numbers)
        data = _DATA[: number * 7_919 % len(_DATA)] or b"x"
        if number % 3 == 0:
            answer = await self._send_uploaded(data)
        else:
            files = {"files[0]": ("a.bin", data)}
            answer = await self._person.try_once("POST", f"{self._channel}/messages", files=files)
        if answer is None:
            return False
        assert answer.status_code == 200, answer.text
        (sent,) = answer.json()["attachments"]
        self._answered[sent["id"]] = len(data)
        return True

    async def _send_uploaded(self, data: bytes) -> httpx.Response | None:
        """Upload first, and name what was uploaded in the message."""
        body = {"files": [{"filename": "b.bin", "file_size": len(data)}]}
        announced = await self._person.try_once("POST", f"{self._channel}/attachments", body)
        if announced is None:
            return None
        (place,) = announced.json()["attachments"]
        try:
            async with httpx.AsyncClient(timeout=30) as http:
                stored = await http.put(place["upload_url"], content=data)
        except httpx.HTTPError:
            return None
        if stored.status_code == 503:
            return None
        assert stored.is_success, stored.text
        named = {"attachments": [{"id": "0", "filename": "b.bin", "uploaded_filename": place["upload_filename"]}]}
        return await self._person.try_once("POST", f"{self._channel}/messages", named)

    async def fetch_stored(self) -> list[dict[str, Any]]:
        """Return the files in the channel's messages."""
        return [each for message in await self._fetch_history() for each in message["attachments"]]

    async def _fetch_history(self) -> list[dict[str, Any]]:
        (channel_id,) = self._channel.split("/")[2:]
        return await self._person.at[0].history(channel_id)

    async def delete_all(self) -> None:
        """Delete all messages with files."""
        for message in await self._fetch_history():
            if message["attachments"]:
                await self._person.insist("DELETE", f"{self._channel}/messages/{message['id']}")

    async def check(self) -> list[str]:
        """See `Doer`. Each file that a message shows is whole, whether its sender was answered or not."""
        stored = await self.fetch_stored()
        sizes = {each["id"]: each["size"] for each in stored}
        faults = [f"file {each} is lost" for each, size in self._answered.items() if sizes.get(each) != size]
        async with httpx.AsyncClient(timeout=30) as http:
            for each in stored:
                answer = await http.get(each["url"])
                if answer.content != _DATA[: each["size"]] and answer.content != b"x":
                    faults.append(f"file {each['id']} is {answer.status_code} with {len(answer.content)} bytes")
        return faults


async def find_left_over(senders: list[SendingFiles], folder: Path, postgres: str) -> str:
    """Return what is left of files that no message shows, and after that of those whose messages are deleted.

    The time of all that is not used is made to be over, since nobody sends any more.
    """
    connection = await asyncpg.connect(postgres)
    try:
        await connection.execute("UPDATE files SET expires_ms = 1")
        await asyncio.to_thread(_make_old, folder)
        shown = {each["id"] for sender in senders for each in await sender.fetch_stored()}
        left = await _wait_until_left(connection, folder, shown)
        for sender in senders:
            await sender.delete_all()
        return left or await _wait_until_left(connection, folder, set())
    finally:
        await connection.close()


async def _wait_until_left(connection: Any, folder: Path, shown: set[str]) -> str:
    """Wait until there are files and rows of these alone. Return what there is if that does not come."""
    found = ""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_GONE_S):
            while True:
                files = await asyncio.to_thread(_list_files, folder)
                rows = {str(row["id"]) for row in await connection.fetch("SELECT id FROM files")}
                if rows == shown and len(files) == len(shown):
                    return ""
                odd = [each for each in files if not any(known in each for known in shown)]
                found = f"{len(shown)} files are shown, {len(files)} are there, with {len(rows)} rows; too much: {odd}"
                await asyncio.sleep(0.2)
    return found


def _make_old(folder: Path) -> None:
    for path in folder.glob(".incoming/*"):
        os.utime(path, (0, 0))


def _list_files(folder: Path) -> list[str]:
    names = [str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()]
    return [name for name in names if name != _STORE_ID]
