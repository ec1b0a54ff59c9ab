"""kill -9 while people react and pin: nothing that was answered is lost, and the counts are those of the reactions."""

import asyncio
import contextlib
import itertools
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import httpx
import pytest

from tests.e2e.conftest import GENEROUS
from tests.support.person import Person, text_channel
from tests.support.server_process import Server

PEOPLE: Final = 5
MESSAGES: Final = 8
EMOJIS: Final = ("🔥", "👍", "🦆")
KILL_AFTER: Final = 200
"""The number of answers after which the server is killed. People go on until then."""


class Doings:
    """What people do, and what was answered: the state of each thing, or None while its last request has no answer."""

    def __init__(self, people: list[Person], channel_id: str, message_ids: list[str]) -> None:
        self.reacted: dict[tuple[str, str, str], bool | None] = {}
        """Keyed by message, emoji and user."""
        self.pinned: dict[str, bool | None] = {}
        self.reached = asyncio.Event()
        self._people = people
        self._messages = f"/channels/{channel_id}/messages"
        self._message_ids = message_ids
        self._answers = 0

    async def go_on(self) -> None:
        """Let everybody react and take back, and one person pin and unpin, until the server is gone."""
        await asyncio.gather(*map(self._react_as, self._people), self._pin_as(self._people[0]))

    async def _react_as(self, person: Person) -> None:
        with contextlib.suppress(httpx.HTTPError):
            for number in itertools.count(int(person.id) % 7):
                message_id = self._message_ids[number % MESSAGES]
                emoji = EMOJIS[number // 2 % len(EMOJIS)]
                key = (message_id, emoji, person.id)
                wanted = not self.reacted.get(key, False)
                self.reacted[key] = None
                path = f"{self._messages}/{message_id}/reactions/{quote(emoji)}/@me"
                self._note(await person.request("PUT" if wanted else "DELETE", path))
                self.reacted[key] = wanted

    async def _pin_as(self, person: Person) -> None:
        with contextlib.suppress(httpx.HTTPError):
            for number in itertools.count():
                message_id = self._message_ids[number * 3 % MESSAGES]
                wanted = not self.pinned.get(message_id, False)
                self.pinned[message_id] = None
                self._note(await person.request("PUT" if wanted else "DELETE", f"{self._messages}/pins/{message_id}"))
                self.pinned[message_id] = wanted

    def _note(self, answer: httpx.Response) -> None:
        assert answer.status_code == 204, answer.text
        self._answers += 1
        if self._answers >= KILL_AFTER:
            self.reached.set()


async def read_reactions(person: Person, channel_id: str) -> tuple[dict[str, Any], set[tuple[str, str, str]]]:
    """Return what each message shows, and who has reacted with what."""
    messages = f"/channels/{channel_id}/messages"
    shown = {each["id"]: each.get("reactions", []) for each in await person.history(channel_id)}
    found = set()
    for message_id, counts in shown.items():
        for count in counts:
            emoji = count["emoji"]["name"]
            users = await person.call("GET", f"{messages}/{message_id}/reactions/{quote(emoji)}?limit=100")
            assert len(users) == count["count"] > 0
            found |= {(message_id, emoji, user["id"]) for user in users}
    return shown, found


async def wait_alike(person: Person, channel_id: str) -> set[str]:
    """Wait until the messages say of themselves what the list of pins says; return the pinned ones."""
    while True:
        pins = await person.call("GET", f"/channels/{channel_id}/messages/pins")
        pinned = {item["message"]["id"] for item in pins["items"]}
        if {each["id"] for each in await person.history(channel_id) if each["pinned"]} == pinned:
            return pinned
        await asyncio.sleep(0.2)


@pytest.mark.timeout(600)
async def test_kill_during_reactions_and_pins_loses_nothing_that_was_answered(tmp_path: Path) -> None:
    server = await Server(tmp_path / "data", GENEROUS).start()
    try:
        async with contextlib.AsyncExitStack() as stack:
            people = [await stack.enter_async_context(await Person.register(server.api)) for _ in range(PEOPLE)]
            owner = people[0]
            channel_id = text_channel(await owner.make_guild())
            for person in people[1:]:
                await owner.invite(channel_id, person)
            ids = [(await owner.send(channel_id, str(number)))["id"] for number in range(MESSAGES)]
            doings = Doings(people, channel_id, ids)
            going_on = asyncio.create_task(doings.go_on())
            await doings.reached.wait()
            await server.kill()
            await going_on
            await server.start()
            _, found = await read_reactions(owner, channel_id)
            for key, state in doings.reacted.items():
                assert state is None or (key in found) == state, key
            assert found <= doings.reacted.keys()
            pinned = await wait_alike(owner, channel_id)
            for message_id, is_pinned in doings.pinned.items():
                assert is_pinned is None or (message_id in pinned) == is_pinned, message_id
    finally:
        await server.stop()
