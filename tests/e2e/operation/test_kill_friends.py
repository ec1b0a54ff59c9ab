"""kill -9 while people become friends and part: both sides of each pair are the same afterwards."""

import asyncio
import contextlib
from pathlib import Path
from typing import Final

import httpx
import pytest

from tests.e2e.conftest import GENEROUS
from tests.support.person import Person
from tests.support.server_process import Server

MINE: Final = "/users/@me/relationships"
PEOPLE: Final = 24
KILL_AFTER: Final = 300
"""The number of answers after which the server is killed; 552 requests are sent, the first ones of all pairs before the
others. Answers that have arrived by then are read before the kill."""

FITTING: Final = {(None, None), (1, 1), (3, 4), (4, 3), (2, None), (None, 2), (2, 2)}


class Crowd:
    """People who ask, accept and block each other, and the answers that they got."""

    def __init__(self, people: list[Person]) -> None:
        self.people = people
        self.answers = 0
        self.accepted: set[tuple[str, str]] = set()
        """Pairs whose second request was answered, so that they are friends."""
        self.reached = asyncio.Event()

    async def mingle(self) -> None:
        """Everybody asks everybody who comes later, who accepts at once."""
        pairs = [(one, other) for place, one in enumerate(self.people) for other in self.people[place + 1 :]]
        await asyncio.gather(*(self._meet(*pair) for pair in pairs))

    async def _meet(self, one: Person, other: Person) -> None:
        with contextlib.suppress(httpx.HTTPError):
            for asking, asked in ((one, other), (other, one)):
                answer = await asking.request("PUT", f"{MINE}/{asked.id}", {})
                assert answer.status_code == 204, answer.text
                self.answers += 1
                if self.answers >= KILL_AFTER:
                    self.reached.set()
            self.accepted.add((one.id, other.id))


@pytest.mark.timeout(600)
async def test_kill_during_accepts_leaves_both_sides_equal(tmp_path: Path) -> None:
    server = await Server(tmp_path / "data", GENEROUS).start()
    try:
        async with contextlib.AsyncExitStack() as stack:
            people = [await stack.enter_async_context(await Person.register(server.api)) for _ in range(PEOPLE)]
            crowd = Crowd(people)
            mingling = asyncio.create_task(crowd.mingle())
            await crowd.reached.wait()
            await server.kill()
            await mingling
            pairs = PEOPLE * (PEOPLE - 1) // 2
            assert 0 < len(crowd.accepted) < pairs
            await server.start()
            sides = {
                person.id: {each["id"]: each["type"] for each in await person.call("GET", MINE)} for person in people
            }
            for place, one in enumerate(people):
                for other in people[place + 1 :]:
                    pair = (sides[one.id].get(other.id), sides[other.id].get(one.id))
                    assert pair in FITTING
                    if (one.id, other.id) in crowd.accepted:
                        assert pair == (1, 1)
    finally:
        await server.stop()
