"""The publishing of messages of announcement channels."""

import pytest

from core.domain.channels.channel import ChannelType
from tests.support.embedded_api import Actor, ApiUnderTest
from tests.support.guild_scene import error_code
from tests.support.stores.stored_guild import StoredGuild, store_guild


class News:
    """An announcement channel with a message of Alice's, in a guild with Bob."""

    def __init__(
        self, api: ApiUnderTest, alice: Actor, bob: Actor, place: StoredGuild, messages: str, path: str
    ) -> None:
        self.api = api
        self.alice = alice
        self.bob = bob
        self.place = place
        self.messages = messages
        self.path = path


@pytest.fixture
async def news(api: ApiUnderTest) -> News:
    alice, bob = await api.register(), await api.register()
    place = await store_guild(api, alice, bob)
    messages = f"/channels/{await place.add_channel(type=ChannelType.ANNOUNCEMENT)}/messages"
    sent = (await alice.post(messages, {"content": "news", "flags": 4096})).json()
    return News(api, alice, bob, place, messages, f"{messages}/{sent['id']}")


async def test_published_message_has_the_flag_beside_its_others_and_is_told(news: News) -> None:
    answer = await news.alice.post(f"{news.path}/crosspost")
    assert (answer.status_code, answer.json()["flags"], answer.json()["edited_timestamp"]) == (200, 4097, None)
    assert [each["flags"] for each in news.api.payloads("MESSAGE_UPDATE")] == [4097]
    assert error_code(await news.alice.post(f"{news.path}/crosspost")) == (400, 40033)
    assert (await news.alice.patch(news.path, {"content": "edited"})).json()["flags"] == 4097


async def test_what_cannot_be_published_is_refused(news: News) -> None:
    assert error_code(await news.bob.post(f"{news.path}/crosspost")) == (403, 50013)
    assert error_code(await news.alice.post(f"{news.messages}/5/crosspost")) == (404, 10008)
    elsewhere = (await news.alice.post(news.place.messages, {"content": "x"})).json()["id"]
    assert error_code(await news.alice.post(f"{news.place.messages}/{elsewhere}/crosspost")) == (400, 50024)
    own = (await news.bob.post(news.messages, {"content": "x"})).json()["id"]
    assert (await news.bob.post(f"{news.messages}/{own}/crosspost")).status_code == 200
