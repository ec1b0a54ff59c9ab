"""Following: who may have a channel follow another one, what that makes, and what ends it."""

import pytest

from core.domain.channels.channel import ChannelType
from core.domain.guilds.permissions import Permission
from core.domain.messages.message import MessageType
from tests.integration.api.messages.following_scene import Scene, make_scene
from tests.support.embedded_api import ApiUnderTest
from tests.support.guild_scene import error_code, form_code
from tests.support.stores.stored_guild import store_guild


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
