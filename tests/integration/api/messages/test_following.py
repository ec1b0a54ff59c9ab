"""Following: who may have a channel follow another one, what that makes, and what becomes of published messages."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from core.domain.channels.channel import ChannelType
from core.domain.guilds.permissions import Permission
from core.domain.messages.message import MessageType
from core.runtime.settings.settings import FileSettings, LimitSettings
from tests.integration.api.conftest import OpenApi
from tests.integration.api.files.test_attachments import as_form, count_files
from tests.support.embedded_api import Actor, ApiUnderTest
from tests.support.guild_scene import error_code, form_code
from tests.support.stored_guild import StoredGuild, store_guild

CROSSPOSTED, IS_CROSSPOST, SOURCE_MESSAGE_DELETED = 1 << 0, 1 << 1, 1 << 3
WAIT_S = 30


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


@pytest.fixture
async def scene(api: ApiUnderTest) -> Scene:
    return await make_scene(api)


async def test_following_makes_a_webhook_an_event_and_a_message(scene: Scene) -> None:
    answer = await scene.follow()
    webhook_id = answer.json()["webhook_id"]
    assert answer.json() == {"channel_id": str(scene.news_id), "webhook_id": webhook_id}
    (listed,) = (await scene.bob.get(f"/channels/{scene.target.channel_id}/webhooks")).json()
    assert listed == listed | {
        "id": webhook_id,
        "type": 2,
        "name": "place #news",
        "guild_id": str(scene.target.guild_id),
        "channel_id": str(scene.target.channel_id),
        "source_guild": {"id": str(scene.source.guild_id), "name": "place", "icon": None},
        "source_channel": {"id": str(scene.news_id), "name": "news"},
        "avatar": None,
        "application_id": None,
    }
    assert listed["user"]["id"] == scene.bob.id
    assert (await scene.bob.get(f"/guilds/{scene.target.guild_id}/webhooks")).json() == [listed]
    assert (await scene.bob.get(f"/webhooks/{webhook_id}")).json() == listed
    place = {"guild_id": str(scene.target.guild_id), "channel_id": str(scene.target.channel_id)}
    assert scene.api.payloads("WEBHOOKS_UPDATE") == [place]
    (notice,) = (await scene.carol.get(scene.target.messages)).json()
    assert (notice["type"], notice["content"], notice["author"]["id"]) == (12, "place #news", scene.bob.id)
    source = {"channel_id": str(scene.news_id), "guild_id": str(scene.source.guild_id)}
    assert notice["message_reference"] == {"type": 0, **source}
    told = scene.api.payloads("MESSAGE_CREATE")[-1]
    assert (told["id"], told["message_reference"]) == (notice["id"], notice["message_reference"])
    assert notice["type"] == MessageType.CHANNEL_FOLLOW_ADD


async def test_following_twice_goes_on_with_the_webhook(scene: Scene) -> None:
    first = (await scene.follow()).json()
    assert (await scene.follow()).json() == first
    assert len(scene.api.events("WEBHOOKS_UPDATE")) == 1
    assert len((await scene.carol.get(scene.target.messages)).json()) == 1


async def test_what_cannot_be_followed_is_refused(scene: Scene) -> None:
    bob, target = scene.bob, scene.target
    followers = f"{scene.news}/followers"
    assert form_code(await bob.post(followers, {}), "webhook_channel_id") == "BASE_TYPE_REQUIRED"
    assert error_code(await bob.post(followers, {"webhook_channel_id": "5"})) == (404, 10003)
    body = {"webhook_channel_id": str(target.channel_id)}
    assert error_code(await bob.post("/channels/5/followers", body)) == (404, 10003)
    assert error_code(await bob.post(f"/channels/{target.channel_id}/followers", body)) == (400, 50024)
    for kind in (ChannelType.VOICE, ChannelType.CATEGORY, ChannelType.FORUM):
        assert error_code(await scene.follow(await target.add_channel(type=kind))) == (400, 50024)
    await scene.api.befriend(bob, scene.carol)
    direct = (await bob.post("/users/@me/channels", {"recipient_id": scene.carol.id})).json()["id"]
    assert error_code(await scene.follow(int(direct))) == (403, 50003)
    assert error_code(await bob.post(f"/channels/{direct}/followers", body)) == (400, 50024)
    itself = {"webhook_channel_id": str(scene.news_id)}
    assert form_code(await scene.alice.post(followers, itself), "webhook_channel_id") == "BASE_TYPE_CHOICES"


async def test_following_takes_the_view_of_the_source_and_the_management_of_webhooks(scene: Scene) -> None:
    assert error_code(await scene.follow(by=scene.carol)) == (403, 50001)
    assert error_code(await scene.follow(by=scene.alice)) == (403, 50001)
    other = await store_guild(scene.api, scene.alice, scene.bob)
    assert error_code(await scene.follow(other.channel_id)) == (403, 50013)
    await other.overwrite(scene.bob, allow=Permission.MANAGE_WEBHOOKS)
    assert (await scene.follow(other.channel_id)).status_code == 200


async def test_channel_has_fifteen_webhooks_at_most(scene: Scene) -> None:
    for _ in range(15):
        news = await scene.source.add_channel(type=ChannelType.ANNOUNCEMENT)
        body = {"webhook_channel_id": str(scene.target.channel_id)}
        assert (await scene.bob.post(f"/channels/{news}/followers", body)).status_code == 200
    assert error_code(await scene.follow()) == (400, 30007)
    other = await scene.target.add_channel()
    moved = (await scene.follow(other)).json()["webhook_id"]
    body = {"channel_id": str(scene.target.channel_id)}
    assert error_code(await scene.bob.patch(f"/webhooks/{moved}", body)) == (400, 30007)


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
    assert await scene.api.store.crossposts.list_due(before_id=1 << 62, limit=99) == []


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
    await note(scene, source_id)  # … as if it had died between the copy and the note of it
    async with store.write() as tx:
        (due,) = await tx.crossposts.list_due(before_id=1 << 62, limit=9)
        await tx.crossposts.drop(due)
        await tx.crossposts.begin(scene.news_id, source_id, change_id=due.change_id)
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


async def test_copy_that_was_deleted_stays_so(scene: Scene) -> None:
    await scene.follow()
    published = await scene.publish()
    copy = await scene.copy_when()
    assert (await scene.bob.delete(f"{scene.target.messages}/{copy['id']}")).status_code == 204
    await scene.alice.patch(f"{scene.news}/messages/{published['id']}", {"content": "second"})
    await scene.api.built.publisher.publish(int(published["id"]))
    assert await scene.copies() == []
    assert await scene.api.store.crossposts.find_published([int(published["id"])]) == []


async def test_deleted_source_ends_the_following(scene: Scene) -> None:
    await scene.follow()
    await scene.publish()
    copy = await scene.copy_when()
    assert (await scene.alice.delete(scene.news)).status_code == 200
    assert await scene.api.built.crosspost_sweep.sweep() == 1
    assert (await scene.bob.get(f"/guilds/{scene.target.guild_id}/webhooks")).json() == []
    assert len(scene.api.events("WEBHOOKS_UPDATE")) == 2
    assert await scene.copies() == [copy]


async def test_deleted_target_and_deleted_webhook_end_the_following(scene: Scene) -> None:
    other = await scene.target.add_channel()
    webhook_id = (await scene.follow()).json()["webhook_id"]
    await scene.follow(other)
    assert (await scene.bob.delete(f"/channels/{other}")).status_code == 200
    assert len((await scene.bob.get(f"/guilds/{scene.target.guild_id}/webhooks")).json()) == 1
    assert (await scene.bob.delete(f"/webhooks/{webhook_id}")).status_code == 204
    published = await scene.publish()
    await scene.api.built.publisher.publish(int(published["id"]))
    assert await scene.copies() == []
