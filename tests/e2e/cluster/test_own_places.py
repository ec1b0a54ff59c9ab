"""One's own messages mark their channels as read, whichever process dies right after they were answered."""

import asyncio

import pytest

from tests.e2e.cluster.pairs import Pair
from tests.support.clusters.cluster import Cluster
from tests.support.person import Person, text_channel

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(600)]


async def test_kill_of_all_processes_right_after_a_message_leaves_its_channel_read(cluster: Cluster) -> None:
    async with await Pair.register(cluster) as pair:
        channel_id = text_channel(await pair.first.make_guild())
        sent = [await each.send(channel_id, "hello") for each in (pair.first, pair.second) for _ in range(3)]
        await asyncio.gather(*(cluster.kill(name) for name in ("api-1", "api-2", "worker-1")))
    async with Person(cluster.apis()[0], pair.token) as person, asyncio.timeout(60):
        while await _fetch_place(person, pair.id, channel_id) != sent[-1]["id"]:  # noqa: ASYNC110 - a poll
            await asyncio.sleep(0.1)


async def _fetch_place(person: Person, user_id: str, channel_id: str) -> str | None:
    """Return the newest message that the person has read in a channel; None while the server is not ready."""
    answer = await person.request("GET", f"/users/{user_id}/chats")
    if answer.status_code in {429, 503}:
        return None
    places = {chat["channel"]["id"]: chat["last_read_id"] for chat in answer.json()}
    place: str = places[channel_id]
    return place
