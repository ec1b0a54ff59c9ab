"""A block that one API process has answered holds for what another one has checked before it, and not only for requests
that come afterwards.

The other process stands still while the block is made, in the middle of many messages to the direct channel. So some of
them were checked before the block, and get to the channel's door after it.
"""

import asyncio
import os
import signal
import time
from typing import Final

import pytest

from core.domain.ids import created_ms
from tests.e2e.cluster.pairs import Pair
from tests.support.clusters.cluster import Cluster

BLOCKS: Final = int(os.environ.get("BLOCKS", "200"))
AT_ONCE: Final = 6
"""The messages that one person sends at the same time."""
BETWEEN_S: Final = 0.005
"""The time from the block's answer to the other process' going on, by which ids of before and after differ."""
MINE: Final = "/users/@me/relationships"
BLOCKED: Final = {"type": 2}

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300 + BLOCKS)]


class Conversation:
    """Two people with a direct channel. The first one blocks, and the other one sends."""

    def __init__(self, blocking: Pair, sending: Pair, channel_id: str) -> None:
        self._blocking = blocking
        self._sending = sending
        self._path = f"/channels/{channel_id}/messages"
        self._sent = 0
        self._news = asyncio.Event()

    async def befriend(self) -> None:
        """Become friends, so that both may write."""
        both = ((self._blocking, self._sending), (self._sending, self._blocking))
        for method in ("DELETE", "PUT"):
            for one, other in both:
                await one.first.call(method, f"{MINE}/{other.id}", {} if method == "PUT" else None)

    async def send_until_refused(self) -> None:
        """Send one message after the other at the second process."""
        while True:
            answer = await self._sending.second.request("POST", self._path, {"content": "psst"})
            if answer.status_code == 403:
                assert answer.json()["code"] == 50007
                return
            assert answer.status_code == 200, answer.text
            self._sent += 1
            self._news.set()

    async def wait_sent(self, messages: int) -> None:
        """Wait until so many more messages were answered."""
        goal = self._sent + messages
        while self._sent < goal:
            self._news.clear()
            await self._news.wait()

    async def block(self) -> float:
        """Block at the first process; return when that was answered, in Unix milliseconds."""
        await self._blocking.first.call("PUT", f"{MINE}/{self._sending.id}", BLOCKED)
        return time.time() * 1000

    async def find_later(self, blocked_ms: float) -> list[str]:
        """Return the newest messages that got through the door after the block."""
        newest = await self._blocking.first.call("GET", f"{self._path}?limit=50")
        return [each["id"] for each in newest if created_ms(int(each["id"])) > blocked_ms]


async def block_while_standing(conversation: Conversation, pid: int) -> list[str]:
    """Block while the other process stands still; return what got through the door afterwards."""
    await conversation.befriend()
    async with asyncio.TaskGroup() as tasks:
        for _ in range(AT_ONCE):
            tasks.create_task(conversation.send_until_refused())
        await conversation.wait_sent(AT_ONCE)
        os.kill(pid, signal.SIGSTOP)
        try:
            blocked_ms = await conversation.block()
            await asyncio.sleep(BETWEEN_S)
        finally:
            os.kill(pid, signal.SIGCONT)
    return await conversation.find_later(blocked_ms)


async def test_block_holds_at_the_door_for_what_was_checked_before_it(
    shared_cluster: Cluster, owner: Pair, member: Pair
) -> None:
    opened = await owner.first.call("POST", "/users/@me/channels", {"recipient_id": member.id})
    names = ("api-1", "api-2")
    for number in range(BLOCKS):
        people = (owner, member) if number % 4 < 2 else (member, owner)
        blocking, sending = people if number % 2 else (person.swapped() for person in people)
        conversation = Conversation(blocking, sending, opened["id"])
        standing = shared_cluster.pid_of(names[number % 2])
        assert await block_while_standing(conversation, standing) == []
