"""Pins by each stock library, which people's older clients read by the older route."""

import pytest

from tests.e2e.libraries.conftest import Scene

pytestmark = pytest.mark.asyncio(loop_scope="session")
PINS_ADD = 6


async def test_pins_are_set_listed_and_taken_away(scene: Scene) -> None:
    bot, channel = scene.bot, scene.channel
    first, second = [(await bot.order("send", channel=channel, content=text))["id"] for text in ("one", "two")]
    for message in (first, second):
        await bot.order("pin", channel=channel, message=message)
        await bot.wait_for("edit", lambda event, message=message: event["id"] == message and event["pinned"])
        notice = await bot.wait_for(
            "message",
            lambda event, message=message: event["reference"] == message,
        )
        assert (notice["type"], notice["channel"], notice["author"]) == (PINS_ADD, channel, scene.bot_id)
    await bot.wait_for("pins", lambda event: event["channel"] == channel)
    assert (await bot.order("pins", channel=channel))["ids"] == [second, first]
    older = await scene.alice.call("GET", f"/channels/{channel}/pins")
    assert [message["id"] for message in older] == [second, first]
    await bot.order("unpin", channel=channel, message=first)
    assert (await bot.order("fetch", channel=channel, message=first))["pinned"] is False
    await bot.order("remove", channel=channel, message=second)
    assert (await bot.order("pins", channel=channel))["ids"] == []


async def test_pins_by_the_older_routes_are_seen(scene: Scene) -> None:
    message = await scene.alice.send(scene.channel, "hello")
    await scene.alice.call("PUT", f"/channels/{scene.channel}/pins/{message['id']}")
    await scene.bot.wait_for("edit", lambda event: event["id"] == message["id"] and event["pinned"])
    assert (await scene.bot.order("pins", channel=scene.channel))["ids"] == [message["id"]]
    await scene.alice.call("DELETE", f"/channels/{scene.channel}/pins/{message['id']}")
    assert (await scene.bot.order("pins", channel=scene.channel))["ids"] == []
