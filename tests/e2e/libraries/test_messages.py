"""Messages of other kinds by each stock library: silent ones, without embeds, forwards, crossposts and their copies, and notices."""

from pathlib import Path

import pytest

from tests.e2e.libraries.conftest import Scene
from tests.support.person import text_channel

pytestmark = pytest.mark.asyncio(loop_scope="session")
CROSSPOSTED, SUPPRESS_EMBEDS, SUPPRESS_NOTIFICATIONS, HAS_SNAPSHOT = 1 << 0, 1 << 2, 1 << 12, 1 << 14
IS_CROSSPOST, SOURCE_MESSAGE_DELETED = 1 << 1, 1 << 3
USER_JOIN, FOLLOW_ADD, ANNOUNCEMENTS = 7, 12, 5


async def test_silent_message_says_so(scene: Scene) -> None:
    sent = await scene.bot.order("send", channel=scene.channel, content="psst", silent=True)
    assert sent["flags"] == SUPPRESS_NOTIFICATIONS
    told = await scene.bot.wait_for("message", lambda event: event["id"] == sent["id"])
    assert told["flags"] == SUPPRESS_NOTIFICATIONS
    edited = await scene.bot.order("edit", channel=scene.channel, message=sent["id"], content="psst!")
    assert (edited["content"], edited["flags"]) == ("psst!", SUPPRESS_NOTIFICATIONS)


async def test_embeds_are_taken_away(scene: Scene) -> None:
    sent = await scene.bot.order("send", channel=scene.channel, content="look", title=scene.title)
    assert sent["titles"] == ([scene.title] if scene.title else [])
    bare = await scene.bot.order("suppress", channel=scene.channel, message=sent["id"])
    assert (bare["titles"], bare["flags"]) == ([], SUPPRESS_EMBEDS)
    told = await scene.bot.wait_for("edit", lambda event: event["id"] == sent["id"])
    assert (told["titles"], told["flags"], told["content"]) == ([], SUPPRESS_EMBEDS, "look")


async def test_forward_shows_what_was_forwarded(scene: Scene, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"copied")
    file = {"name": "a.txt", "path": str(tmp_path / "a"), "description": "x"}
    bot = scene.bot
    sent = await bot.order("send", channel=scene.channel, content="look", title=scene.title, files=[file])
    await scene.actor.join(scene.alice, guild := await scene.alice.make_guild())
    other = text_channel(guild)
    forward = await bot.order("forward", channel=scene.channel, message=sent["id"], to=other)
    await bot.order("remove", channel=scene.channel, message=sent["id"])
    told = await bot.wait_for("message", lambda event: event["id"] == forward["id"])
    for shown in (forward, told, await bot.order("fetch", channel=other, message=forward["id"])):
        assert (shown["channel"], shown["content"], shown["flags"]) == (other, "", HAS_SNAPSHOT)
        assert shown["reference"] == sent["id"]
        (snapshot,) = shown["snapshots"]
        assert (snapshot["content"], snapshot["titles"]) == ("look", sent["titles"])
        assert [(copied["name"], copied["size"]) for copied in snapshot["files"]] == [("a.txt", 6)]
    again = await bot.order("forward", channel=other, message=forward["id"], to=scene.channel)
    assert again["snapshots"][0]["content"] == "look"


async def test_crosspost_is_marked_once(scene: Scene) -> None:
    news = await scene.alice.call(
        "POST", f"/guilds/{scene.guild['id']}/channels", {"name": "news", "type": ANNOUNCEMENTS}
    )
    sent = await scene.bot.order("send", channel=news["id"], content="extra")
    assert sent["flags"] == 0
    published = await scene.bot.order("crosspost", channel=news["id"], message=sent["id"])
    assert published["flags"] == CROSSPOSTED
    told = await scene.bot.wait_for("edit", lambda event: event["id"] == sent["id"])
    assert told["flags"] == CROSSPOSTED
    plain = await scene.bot.order("send", channel=scene.channel, content="no news")
    assert (await scene.bot.attempt("crosspost", channel=scene.channel, message=plain["id"]))["event"] == "failed"


async def test_followed_channel_s_messages_are_copied(scene: Scene) -> None:
    made = {"name": "news", "type": ANNOUNCEMENTS}
    news = (await scene.alice.call("POST", f"/guilds/{scene.guild['id']}/channels", made))["id"]
    bot, target = scene.bot, scene.channel
    await bot.order("follow", channel=news, to=target)
    notice = await bot.wait_for("message", lambda event: (event["channel"], event["type"]) == (target, FOLLOW_ADD))
    assert notice["content"].endswith("#news")
    sent = await bot.order("send", channel=news, content="extra", title=scene.title)
    await bot.order("crosspost", channel=news, message=sent["id"])
    copy = await bot.wait_for("message", lambda event: event["channel"] == target and event["flags"] == IS_CROSSPOST)
    assert (copy["content"], copy["titles"], copy["reference"]) == ("extra", sent["titles"], sent["id"])
    assert copy["author"] not in (scene.bot_id, scene.alice.id)
    await bot.order("edit", channel=news, message=sent["id"], content="more")
    await bot.wait_for("edit", lambda event: (event["id"], event["content"]) == (copy["id"], "more"))
    await bot.order("remove", channel=news, message=sent["id"])
    emptied = IS_CROSSPOST | SOURCE_MESSAGE_DELETED
    told = await bot.wait_for("edit", lambda event: (event["id"], event["flags"]) == (copy["id"], emptied))
    assert told["titles"] == []


async def test_join_is_noticed(scene: Scene) -> None:
    notice = await scene.bot.wait_for(
        "message", lambda event: (event["author"], event["channel"]) == (scene.bob.id, scene.channel)
    )
    assert (notice["type"], notice["content"]) == (USER_JOIN, "")
