"""A person who chats steadily, also while the server is away: each message is sent until it is answered."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from typing import Final

import httpx

from tests.support.person import Person

_GAP_S: Final = 0.03
_RETRY_S: Final = 0.1


class Chatter:
    """What was sent so far: the ids of answered messages in their order, and when each was answered."""

    def __init__(self, person: Person, channel_id: str) -> None:
        self._person = person
        self._channel_id = channel_id
        self._is_stopping = False
        self._has_answer = asyncio.Event()
        self.answered: dict[str, float] = {}

    async def run(self) -> None:
        """Send one message after the other until `stop`."""
        while not self._is_stopping:
            message_id = await self._send(f"n{len(self.answered)}")
            self.answered[message_id] = time.monotonic()
            self._has_answer.set()
            await asyncio.sleep(_GAP_S)

    def stop(self) -> None:
        """Send no more after the message that is under way."""
        self._is_stopping = True

    async def wait_for(self, more: int) -> None:
        """Wait until so many more messages are answered."""
        wanted = len(self.answered) + more
        async with asyncio.timeout(60):
            while len(self.answered) < wanted:
                self._has_answer.clear()
                await self._has_answer.wait()

    async def _send(self, nonce: str) -> str:
        """Send with a nonce, so that a repeat of a message that was stored makes no second one."""
        body = {"content": f"message {nonce}", "nonce": nonce}
        path = f"/channels/{self._channel_id}/messages"
        while True:
            with contextlib.suppress(httpx.TransportError):
                answer = await self._person.request("POST", path, body)
                if answer.status_code == httpx.codes.OK:
                    return str(answer.json()["id"])
                assert answer.status_code == httpx.codes.SERVICE_UNAVAILABLE, answer.text
            await asyncio.sleep(_RETRY_S)


@contextlib.asynccontextmanager
async def chatting(person: Person, channel_id: str) -> AsyncIterator[Chatter]:
    """Chat until the end of the context."""
    chatter = Chatter(person, channel_id)
    running = asyncio.create_task(chatter.run())
    try:
        await chatter.wait_for(10)
        yield chatter
    finally:
        chatter.stop()
        await running


def check_heard(heard: list[str], chatter: Chatter, *, repeated_s: float, killed_s: list[float]) -> None:
    """Check the ids of messages that a client got, in their order, against what was answered.

    None is missing from the first that it got on; each came once, but those of the last `repeated_s` before a kill.
    """
    said = list(chatter.answered)
    first = said.index(heard[0])
    assert set(heard) >= set(said[first:]), "messages are missing"
    seen: set[str] = set()
    newest = 0
    for at, message_id in enumerate(heard):
        if message_id in seen:
            age_s = min(kill_s - chatter.answered.get(message_id, kill_s) for kill_s in killed_s)
            assert age_s <= repeated_s, f"a message came again that was answered {age_s:.1f} s before the kill"
        else:
            before = heard[max(at - 3, 0) : at + 3]
            assert int(message_id) > newest, f"out of order: {before} at {at} of {len(heard)}"
            newest = int(message_id)
        seen.add(message_id)
