"""A place for tests of following: an announcement channel, and a guild that may follow it."""

import asyncio
from collections.abc import Callable
from typing import Any

from core.domain.channels.channel import ChannelType
from tests.support.embedded_api import Actor, ApiUnderTest
from tests.support.stores.stored_guild import StoredGuild, store_guild

CROSSPOSTED, IS_CROSSPOST, SOURCE_MESSAGE_DELETED = 1 << 0, 1 << 1, 1 << 3
WAIT_S = 60.0


class Scene:
    """Alice's guild with an announcement channel, which Bob views; and Bob's guild, with Carol, that may follow it."""

    def __init__(self, api: ApiUnderTest, people: list[Actor], source: StoredGuild, target: StoredGuild, news: int):
        self.api = api
        self.alice, self.bob, self.carol = people
        self.source = source
        self.target = target
        self.news = f"/channels/{news}"
        self.news_id = news

    async def follow(self, channel_id: int | None = None, *, by: Actor | None = None) -> Any:
        """Have a channel follow the announcements, by default that of Bob's guild, and return the answer."""
        body = {"webhook_channel_id": str(channel_id or self.target.channel_id)}
        return await (by or self.bob).post(f"{self.news}/followers", body)

    async def publish(self, content: str = "news", **fields: Any) -> dict[str, Any]:
        """Send a message of Alice's and publish it."""
        return await self.publish_sent(await self.alice.post(f"{self.news}/messages", {"content": content, **fields}))

    async def publish_sent(self, sent: Any) -> dict[str, Any]:
        answer = await self.alice.post(f"{self.news}/messages/{sent.json()['id']}/crosspost")
        assert answer.status_code == 200, answer.text
        published: dict[str, Any] = answer.json()
        return published

    async def copies(self, *, messages: str | None = None) -> list[dict[str, Any]]:
        """Return the copies in a channel, the newest first."""
        shown = (await self.bob.get(messages or self.target.messages)).json()
        return [each for each in shown if each["flags"] & IS_CROSSPOST]

    async def copies_when(
        self, holds: Callable[[list[dict[str, Any]]], Any], *, messages: str | None = None
    ) -> list[dict[str, Any]]:
        """Wait until something holds for the copies in a channel, and return them."""
        async with asyncio.timeout(WAIT_S):
            while True:
                copies = await self.copies(messages=messages)
                if holds(copies):
                    return copies
                await asyncio.sleep(0.01)

    async def copy_when(self, holds: Callable[[dict[str, Any]], Any] = bool) -> dict[str, Any]:
        """Wait until the only copy is one for which something holds, and return it."""
        (copy,) = await self.copies_when(lambda copies: copies and holds(copies[0]))
        return copy


async def make_scene(api: ApiUnderTest) -> Scene:
    people = [await api.register() for _ in range(3)]
    alice, bob, carol = people
    source = await store_guild(api, alice, bob)
    news = await source.add_channel(type=ChannelType.ANNOUNCEMENT, name="news")
    return Scene(api, people, source, await store_guild(api, bob, carol), news)
