"""Published messages: each follower gets a copy, which follows edits and deletions, whoever dies in between."""

import asyncio

import pytest

from core.domain.channels.channel import ChannelType
from core.runtime.settings.settings import FileSettings, LimitSettings
from tests.integration.api.conftest import OpenApi
from tests.integration.api.files.test_attachments import as_form, count_files
from tests.integration.api.messages.following_scene import (
    CROSSPOSTED,
    IS_CROSSPOST,
    SOURCE_MESSAGE_DELETED,
    WAIT_S,
    Scene,
    make_scene,
)
from tests.support.embedded_api import ApiUnderTest
from tests.support.guild_scene import error_code


@pytest.fixture
async def scene(api: ApiUnderTest) -> Scene:
    return await make_scene(api)


async def test_published_message_is_copied_by_the_webhook(scene: Scene) -> None:
    webhook_id = (await scene.follow()).json()["webhook_id"]
    everything = f"<@{scene.carol.id}> @everyone news"
    published = await scene.publish(everything, embeds=[{"title": "T"}])
    assert published["flags"] == CROSSPOSTED
    copy = await scene.copy_when()
    assert copy["author"] == copy["author"] | {
        "id": webhook_id,
        "username": "place #news",
        "discriminator": "0000",
        "bot": True,
        "avatar": None,
    }
    assert copy == copy | {"content": everything, "type": 0, "webhook_id": webhook_id, "flags": IS_CROSSPOST}
    assert copy["embeds"] == published["embeds"]
    assert (copy["mentions"], copy["mention_everyone"], copy["mention_roles"]) == ([], False, [])
    assert copy["message_reference"] == {
        "type": 0,
        "message_id": published["id"],
        "channel_id": str(scene.news_id),
        "guild_id": str(scene.source.guild_id),
    }
    assert "nonce" not in copy
    told = scene.api.payloads("MESSAGE_CREATE")[-1]
    assert told == {**copy, "guild_id": str(scene.target.guild_id)}
    assert (await scene.bob.get(f"{scene.target.messages}/{copy['id']}")).json() == copy
    assert [each["id"] for each in (await scene.carol.get("/users/@me/mentions")).json()] == []


async def test_each_follower_gets_one_copy_in_the_order_of_publication(scene: Scene) -> None:
    others = [await scene.target.add_channel() for _ in range(5)]
    for channel_id in (scene.target.channel_id, *others):
        assert (await scene.follow(channel_id)).status_code == 200
    for number in range(3):
        await scene.publish(str(number))
    for channel_id in (scene.target.channel_id, *others):
        copies = await scene.copies_when(lambda each: len(each) >= 3, messages=f"/channels/{channel_id}/messages")
        assert [each["content"] for each in copies] == ["2", "1", "0"]
    async with asyncio.timeout(WAIT_S):  # a copy is seen before it is noted that it was made
        while True:
            if not await scene.api.store.crossposts.list_due(before_id=1 << 62, limit=99):
                break
            await asyncio.sleep(0.01)


async def test_copies_follow_edits(scene: Scene) -> None:
    await scene.follow()
    published = await scene.publish("first")
    await scene.copy_when()
    edited = (await scene.alice.patch(f"{scene.news}/messages/{published['id']}", {"content": "second"})).json()
    copy = await scene.copy_when(lambda each: each["content"] == "second")
    assert copy["edited_timestamp"] == edited["edited_timestamp"]
    assert copy["flags"] == IS_CROSSPOST
    await scene.alice.patch(f"{scene.news}/messages/{published['id']}", {"flags": 4})
    assert (await scene.copy_when(lambda each: each["flags"] & 4))["content"] == "second"


@pytest.mark.parametrize("way", ["one", "bulk", "ban"])
async def test_copy_of_a_deleted_message_says_so(scene: Scene, way: str) -> None:
    await scene.follow()
    author = scene.bob if way == "ban" else scene.alice
    sent = await author.post(f"{scene.news}/messages", {"content": "x", "embeds": [{"title": "T"}]})
    published = await scene.publish_sent(sent)
    await scene.copy_when()
    messages = f"{scene.news}/messages"
    match way:
        case "one":
            await scene.alice.delete(f"{messages}/{published['id']}")
        case "bulk":
            other = (await scene.alice.post(messages, {"content": "y"})).json()["id"]
            await scene.alice.post(f"{messages}/bulk-delete", {"messages": [published["id"], other]})
        case "ban":
            path = f"/guilds/{scene.source.guild_id}/bans/{scene.bob.id}"
            assert (await scene.alice.put(path, {"delete_message_seconds": 600})).status_code == 204
    copy = await scene.copy_when(lambda each: each["flags"] & SOURCE_MESSAGE_DELETED)
    assert (copy["content"], copy["embeds"], copy["flags"]) == (
        "[Original Message Deleted]",
        [],
        IS_CROSSPOST | SOURCE_MESSAGE_DELETED,
    )


async def test_files_are_copied_and_follow_edits(scene: Scene) -> None:
    await scene.follow()
    messages = f"{scene.news}/messages"
    sent = await scene.alice.request("POST", messages, **as_form(("a.txt", b"1"), ("b.txt", b"2"), content="x"))
    published = await scene.publish_sent(sent)
    first, second = (await scene.copy_when())["attachments"]
    assert (first["filename"], second["filename"]) == ("a.txt", "b.txt")
    assert {first["id"], second["id"]}.isdisjoint(each["id"] for each in published["attachments"])
    assert [(await scene.api.nobody.get(each["url"])).content for each in (first, second)] == [b"1", b"2"]
    kept = published["attachments"][1]["id"]
    form = as_form(("c.txt", b"3"), content="y", attachments=[{"id": kept}, {"id": "0"}])
    edited = await scene.alice.request("PATCH", f"{messages}/{published['id']}", **form)
    assert edited.status_code == 200, edited.text
    copy = await scene.copy_when(lambda each: each["content"] == "y")
    assert [each["filename"] for each in copy["attachments"]] == ["b.txt", "c.txt"]
    assert copy["attachments"][0]["id"] == second["id"]
    assert (await scene.api.nobody.get(copy["attachments"][1]["url"])).content == b"3"
    await scene.alice.delete(f"{messages}/{published['id']}")
    assert (await scene.copy_when(lambda each: each["flags"] & SOURCE_MESSAGE_DELETED))["attachments"] == []
    await scene.api.built.file_sweep.sweep()
    assert await count_files(scene.api) == 0


async def test_what_finds_no_room_is_published_without_files(open_api: OpenApi) -> None:
    async with open_api(files=FileSettings(guild_quota_bytes=1)) as api:
        scene = await make_scene(api)
        await scene.follow()
        body = as_form(("a.txt", b"1"), content="x")
        await scene.bob.request("POST", scene.target.messages, **as_form(("b.txt", b"2"), content="y"))
        await scene.publish_sent(await scene.alice.request("POST", f"{scene.news}/messages", **body))
        copy = await scene.copy_when()
        assert (copy["content"], copy["attachments"]) == ("x", [])


async def test_forward_is_published_as_what_it_shows(scene: Scene) -> None:
    await scene.follow()
    sent = (await scene.alice.post(scene.source.messages, {"content": "shown"})).json()
    reference = {"type": 1, "message_id": sent["id"], "channel_id": sent["channel_id"]}
    forward = await scene.alice.post(f"{scene.news}/messages", {"message_reference": reference})
    await scene.publish_sent(forward)
    copy = await scene.copy_when()
    assert (copy["content"], copy["flags"]) == ("shown", IS_CROSSPOST)


async def test_copy_is_answered_but_neither_edited_nor_published_again(scene: Scene) -> None:
    place = await scene.target.add_channel(type=ChannelType.ANNOUNCEMENT)
    messages = f"/channels/{place}/messages"
    await scene.follow(place)
    await scene.publish()
    copies = await scene.copies_when(bool, messages=messages)
    path = f"{messages}/{copies[0]['id']}"
    assert error_code(await scene.bob.patch(path, {"content": "mine"})) == (403, 50005)
    assert error_code(await scene.bob.post(f"{path}/crosspost")) == (400, 40033)
    answer = await scene.carol.post(messages, {"content": "ah", "message_reference": {"message_id": copies[0]["id"]}})
    assert answer.json()["referenced_message"] == copies[0]
    assert answer.json()["mentions"] == []
    assert (await scene.bob.delete(path)).status_code == 204


async def test_channel_publishes_ten_messages_an_hour(open_api: OpenApi) -> None:
    async with open_api(limits=LimitSettings(channel_crossposts=2, loopback_registrations_per_minute=1000)) as api:
        scene = await make_scene(api)
        first = await scene.publish()
        assert error_code(await scene.alice.post(f"{scene.news}/messages/{first['id']}/crosspost")) == (400, 40033)
        await scene.publish()
        sent = (await scene.alice.post(f"{scene.news}/messages", {"content": "third"})).json()
        refused = await scene.alice.post(f"{scene.news}/messages/{sent['id']}/crosspost")
        assert (refused.status_code, refused.headers["x-ratelimit-scope"]) == (429, "shared")
        assert 3500 < refused.json()["retry_after"] <= 3600


async def test_what_a_dead_process_has_noted_is_done_by_the_sweep_once(scene: Scene) -> None:
    """The process has died at each of its steps: a step that was done is not done again."""
    store, sweep = scene.api.store, scene.api.built.crosspost_sweep
    webhook_id = int((await scene.follow()).json()["webhook_id"])
    sent = (await scene.alice.post(f"{scene.news}/messages", {"content": "news"})).json()
    await note(scene, int(sent["id"]))  # … and died before the message was marked
    assert await sweep.sweep() == 0  # it may be under way
    assert await sweep.sweep(own_from=1 << 62) == 1
    assert await store.crossposts.find_published([int(sent["id"])]) == []
    await scene.publish_sent(await scene.alice.post(f"{scene.news}/messages", {"content": "again"}))
    copy = await scene.copy_when()
    source_id = int(copy["message_reference"]["message_id"])
    await forget_copy(scene, source_id)
    async with store.write() as tx:
        (due,) = await tx.crossposts.list_due(before_id=1 << 62, limit=9)
    assert (due.copy_id, due.webhook_id) == (0, webhook_id)
    assert await sweep.sweep(own_from=1 << 62) == 1
    assert await scene.copies() == [copy]
    assert await sweep.sweep(own_from=1 << 62) == 0


async def note(scene: Scene, message_id: int) -> None:
    """Note that a message is about to be published, as a request does first."""
    async with scene.api.store.write(guilds=[scene.source.guild_id]) as tx:
        assert await tx.crossposts.begin(scene.news_id, message_id, change_id=message_id + 1) == 1


async def forget_copy(scene: Scene, source_id: int) -> None:
    """Leave a crosspost as if the process had died between the copy and the note of it."""
    await note(scene, source_id)
    async with scene.api.store.write() as tx:
        (due,) = await tx.crossposts.list_due(before_id=1 << 62, limit=9)
        await tx.crossposts.drop(due)
        await tx.crossposts.begin(scene.news_id, source_id, change_id=due.change_id)


async def test_copy_that_was_not_noted_is_emptied_when_its_message_is_deleted(scene: Scene) -> None:
    await scene.follow()
    published = await scene.publish()
    copy = await scene.copy_when()
    await forget_copy(scene, int(published["id"]))
    assert (await scene.alice.delete(f"{scene.news}/messages/{published['id']}")).status_code == 204
    await scene.api.built.crosspost_sweep.sweep(own_from=1 << 62)
    (emptied,) = await scene.copies()
    assert (emptied["id"], emptied["content"]) == (copy["id"], "[Original Message Deleted]")
    assert await scene.api.store.crossposts.find_published([int(published["id"])]) == []


async def test_copy_that_was_deleted_stays_so(scene: Scene) -> None:
    await scene.follow()
    published = await scene.publish()
    copy = await scene.copy_when()
    assert (await scene.bob.delete(f"{scene.target.messages}/{copy['id']}")).status_code == 204
    await scene.alice.patch(f"{scene.news}/messages/{published['id']}", {"content": "second"})
    await scene.api.built.publisher.publish(int(published["id"]))
    assert await scene.copies() == []
    assert await scene.api.store.crossposts.find_published([int(published["id"])]) == []
