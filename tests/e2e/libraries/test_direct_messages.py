"""Direct messages between each stock library's bot and a person."""

from urllib.parse import quote

import pytest

from tests.e2e.libraries.conftest import Scene

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_direct_messages_go_both_ways(scene: Scene) -> None:
    bot, bob = scene.bot, scene.bob
    channel = (await bot.order("dm", user=bob.id))["channel"]
    assert (await bot.order("dm", user=bob.id))["channel"] == channel
    sent = await bot.order("send", channel=channel, content="psst")
    assert [message["id"] for message in await bob.history(channel)] == [sent["id"]]
    answer = await bob.send(channel, "what?")
    told = await bot.wait_for("message", lambda event: event["id"] == answer["id"])
    assert (told["channel"], told["author"], told["content"]) == (channel, bob.id, "what?")
    await bob.call("PATCH", f"/channels/{channel}/messages/{answer['id']}", {"content": "what!"})
    await bot.wait_for("edit", lambda event: (event["id"], event["content"]) == (answer["id"], "what!"))
    await bob.call("PUT", f"/channels/{channel}/messages/{sent['id']}/reactions/{quote('👂')}/@me")
    await bot.wait_for("reaction", lambda event: (event["id"], event["user"]) == (sent["id"], bob.id))
    await bot.order("pin", channel=channel, message=sent["id"])
    assert (await bot.order("pins", channel=channel))["ids"] == [sent["id"]]
    await bob.call("DELETE", f"/channels/{channel}/messages/{answer['id']}")
    await bot.wait_for("delete", lambda event: event["id"] == answer["id"])


async def test_person_who_has_blocked_the_bot_hears_nothing_of_it(scene: Scene) -> None:
    bot, bob = scene.bot, scene.bob
    channel = (await bot.order("dm", user=bob.id))["channel"]
    await bob.call("PUT", f"/users/@me/relationships/{scene.bot_id}", {"type": 2})
    refused = await bot.attempt("send", channel=channel, content="hello?")
    assert refused["event"] == "failed"
    assert "Cannot send messages to this user" in refused["text"]
    assert await bob.history(channel) == []
