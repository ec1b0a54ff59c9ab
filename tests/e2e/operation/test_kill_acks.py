"""kill -9 while people read and write: no place is lost that was answered, and mentions are counted as before."""

import asyncio
import contextlib
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from tests.e2e.conftest import GENEROUS
from tests.support.gateway.gateway_client import open_gateway
from tests.support.person import Person, text_channel
from tests.support.server_process import Server

PEOPLE: Final = 6
MESSAGES: Final = 60
KILL_AFTER: Final = 150
"""The number of answers after which the server is killed; 360 acks are sent."""


class Readers:
    """People who ack one message after the other, and the newest ack that each was answered."""

    def __init__(self, people: list[Person], channel_id: str, message_ids: list[str]) -> None:
        self.answered = dict.fromkeys((person.id for person in people), 0)
        self.reached = asyncio.Event()
        self._people = people
        self._channel_id = channel_id
        self._message_ids = message_ids
        self._answers = 0

    async def read(self) -> None:
        """Let everybody read everything."""
        await asyncio.gather(*map(self._read_as, self._people))

    async def _read_as(self, person: Person) -> None:
        with contextlib.suppress(httpx.HTTPError):
            for message_id in self._message_ids:
                answer = await person.request("POST", f"/channels/{self._channel_id}/messages/{message_id}/ack", {})
                assert answer.status_code == 200, answer.text
                self.answered[person.id] = int(message_id)
                self._answers += 1
                if self._answers >= KILL_AFTER:
                    self.reached.set()


async def fetch_place(server: Server, person: Person, channel_id: str) -> dict[str, Any]:
    """Return what READY tells of a channel, nothing when there is no entry."""
    async with open_gateway(server.gateway) as session:
        ready = await session.identify(person.token, intents=None)
    found: dict[str, Any] = next((entry for entry in ready["read_state"] if entry["id"] == channel_id), {})
    return found


@pytest.mark.timeout(600)
async def test_kill_during_acks_loses_none_that_was_answered(tmp_path: Path) -> None:
    server = await Server(tmp_path / "data", GENEROUS).start()
    try:
        async with contextlib.AsyncExitStack() as stack:
            owner, *people = [
                await stack.enter_async_context(await Person.register(server.api)) for _ in range(PEOPLE + 1)
            ]
            channel_id = text_channel(await owner.make_guild())
            for person in people:
                await owner.invite(channel_id, person)
            ids = [(await owner.send(channel_id, "@everyone"))["id"] for _ in range(MESSAGES)]
            readers = Readers(people, channel_id, ids)
            reading = asyncio.create_task(readers.read())
            await readers.reached.wait()
            await server.kill()
            await reading
            assert min(readers.answered.values()) > 0
            assert max(readers.answered.values()) < int(ids[-1])
            await server.start()
            for person in people:
                place = await fetch_place(server, person, channel_id)
                assert int(place["last_message_id"]) >= readers.answered[person.id]
                left = [each for each in ids if int(each) > int(place["last_message_id"])]
                assert place["mention_count"] == len(left)
    finally:
        await server.stop()


@pytest.mark.timeout(600)
async def test_kill_right_after_a_message_leaves_its_channel_read_for_its_author(tmp_path: Path) -> None:
    server = await Server(tmp_path / "data", GENEROUS).start()
    try:
        async with await Person.register(server.api) as person:
            channel_id = text_channel(await person.make_guild())
            for _ in range(3):
                sent = await person.send(channel_id, "hello")
                await server.kill()
                await server.start()
                await _wait_for_place(server, person, channel_id, sent["id"])
    finally:
        await server.stop()


async def _wait_for_place(server: Server, person: Person, channel_id: str, message_id: str) -> None:
    """Log in until READY tells the place of a message: a server takes its logs up while it serves already."""
    async with asyncio.timeout(60):
        while (await fetch_place(server, person, channel_id)).get("last_message_id") != message_id:
            pass
