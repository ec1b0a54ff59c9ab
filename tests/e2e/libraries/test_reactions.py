"""Reactions by each stock library: added, listed by pages, taken away one by one, by emoji, and all."""

from urllib.parse import quote

import pytest

from tests.e2e.libraries.conftest import Scene

pytestmark = pytest.mark.asyncio(loop_scope="session")
FIRE, DUCK = "🔥", "🦆"


async def test_reactions_are_added_listed_and_taken_away(scene: Scene) -> None:
    bot, alice, bob = scene.bot, scene.alice, scene.bob
    message = await bot.order("send", channel=scene.channel, content="hello")
    place = {"channel": scene.channel, "message": message["id"]}
    for person in (alice, bob):
        await person.call("PUT", f"/channels/{scene.channel}/messages/{message['id']}/reactions/{quote(FIRE)}/@me")
    await bot.order("react", **place, emoji=FIRE)
    await bot.order("react", **place, emoji=DUCK)
    for user, emoji in ((alice.id, FIRE), (bob.id, FIRE), (scene.bot_id, FIRE), (scene.bot_id, DUCK)):
        expected = {"event": "reaction", "id": message["id"], "emoji": emoji, "user": user}
        await bot.wait_for("reaction", lambda event, expected=expected: event == expected)
    assert (await bot.order("fetch", **place))["reactions"] == [[FIRE, 3, True], [DUCK, 1, True]]
    users = (await bot.order("reactors", **place, emoji=FIRE))["users"]
    assert sorted(users, key=int) == sorted([alice.id, bob.id, scene.bot_id], key=int)
    for user in (bob.id, scene.bot_id):
        await bot.order("unreact", **place, emoji=FIRE, user=user)
        gone = {"event": "unreaction", "id": message["id"], "emoji": FIRE, "user": user}
        await bot.wait_for("unreaction", lambda event, gone=gone: event == gone)
    assert (await bot.order("fetch", **place))["reactions"] == [[FIRE, 1, False], [DUCK, 1, True]]
    await bot.order("clear", **place, emoji=DUCK)
    await bot.wait_for("cleared_emoji", lambda event: (event["id"], event["emoji"]) == (message["id"], DUCK))
    await bot.order("clear", **place)
    await bot.wait_for("cleared", lambda event: event["id"] == message["id"])
    assert (await bot.order("fetch", **place))["reactions"] == []


async def test_unknown_emoji_is_refused(scene: Scene) -> None:
    message = await scene.alice.send(scene.channel, "hello")
    answer = await scene.bot.attempt(
        "react", channel=scene.channel, message=message["id"], emoji="nothing:41771983423143937"
    )
    assert answer["event"] == "failed"
    assert "Unknown Emoji" in answer["text"]
