"""Webhooks: shown, renamed, moved and deleted by who manages them; others cannot be made yet."""

import base64
from typing import Any

import pytest

from core.domain.channels.channel import ChannelType
from core.domain.guilds.permissions import Permission
from tests.integration.api.files.test_attachments import draw
from tests.support.embedded_api import Actor, ApiUnderTest
from tests.support.guild_scene import error_code, form_code
from tests.support.stores.stored_guild import StoredGuild, store_guild


class Scene:
    """A guild whose text channel follows its announcement channel. Bob has no rights."""

    def __init__(self, api: ApiUnderTest, alice: Actor, bob: Actor, place: StoredGuild, news: int, webhook_id: str):
        self.api = api
        self.alice = alice
        self.bob = bob
        self.place = place
        self.news = news
        self.path = f"/webhooks/{webhook_id}"

    async def patch(self, **body: Any) -> Any:
        return await self.alice.patch(self.path, body)


@pytest.fixture
async def scene(api: ApiUnderTest) -> Scene:
    alice, bob = await api.register(), await api.register()
    place = await store_guild(api, alice, bob)
    news = await place.add_channel(type=ChannelType.ANNOUNCEMENT, name="news")
    body = {"webhook_channel_id": str(place.channel_id)}
    followed = await alice.post(f"/channels/{news}/followers", body)
    return Scene(api, alice, bob, place, news, followed.json()["webhook_id"])


async def test_webhook_is_renamed_and_gets_a_picture(scene: Scene) -> None:
    picture = "data:image/png;base64," + base64.b64encode(draw()).decode()
    answer = await scene.patch(name="  Other \n name ", avatar=picture)
    shown = answer.json()
    assert (answer.status_code, shown["name"]) == (200, "Other name")
    avatar = await scene.alice.get(f"http://guildway/avatars/{shown['id']}/{shown['avatar']}.png")
    assert avatar.headers["content-type"] == "image/png"
    assert (await scene.alice.get(scene.path)).json() == shown
    assert len(scene.api.events("WEBHOOKS_UPDATE")) == 2
    assert (await scene.patch(avatar=None)).json()["avatar"] is None
    assert (await scene.patch()).json()["name"] == "Other name"
    assert len(scene.api.events("WEBHOOKS_UPDATE")) == 3


async def test_followed_guild_s_icon_is_the_webhook_s_picture(api: ApiUnderTest) -> None:
    alice = await api.register()
    icon = "data:image/png;base64," + base64.b64encode(draw()).decode()
    guild = (await alice.post("/guilds", {"name": "With icon", "icon": icon})).json()
    news = (await alice.post(f"/guilds/{guild['id']}/channels", {"name": "news", "type": 5})).json()
    body = {"webhook_channel_id": guild["system_channel_id"]}
    followed = (await alice.post(f"/channels/{news['id']}/followers", body)).json()
    shown = (await alice.get(f"/webhooks/{followed['webhook_id']}")).json()
    assert shown["avatar"] == guild["icon"]
    picture = await api.store.pictures.find(f"avatars/{shown['id']}", shown["avatar"])
    assert picture is not None
    assert await api.store.pictures.find_shown([picture]) == [picture]
    found = await api.nobody.get(f"http://guildway/avatars/{shown['id']}/{shown['avatar']}.png")
    assert found.status_code == 200


@pytest.mark.parametrize("name", ["", "x" * 81, "a Discord", "CLYDE2"])
async def test_names_are_checked(scene: Scene, name: str) -> None:
    answer = await scene.patch(name=name)
    assert answer.status_code == 400
    assert form_code(answer, "name") in {"BASE_TYPE_REQUIRED", "BASE_TYPE_BAD_LENGTH", "USERNAME_INVALID_CONTAINS"}


async def test_webhook_moves_within_its_guild(scene: Scene) -> None:
    other = await scene.place.add_channel(name="other")
    shown = (await scene.patch(channel_id=str(other))).json()
    assert shown["channel_id"] == str(other)
    told = [each["channel_id"] for each in scene.api.payloads("WEBHOOKS_UPDATE")[1:]]
    assert told == [str(scene.place.channel_id), str(other)]
    elsewhere = await store_guild(scene.api, scene.alice)
    assert error_code(await scene.patch(channel_id=str(elsewhere.channel_id))) == (404, 10003)
    assert error_code(await scene.patch(channel_id="7")) == (404, 10003)
    voice = await scene.place.add_channel(type=ChannelType.VOICE)
    assert error_code(await scene.patch(channel_id=str(voice))) == (400, 50024)


async def test_webhooks_are_for_who_manages_them(scene: Scene) -> None:
    bob, place = scene.bob, scene.place
    paths = (scene.path, f"/channels/{place.channel_id}/webhooks", f"/guilds/{place.guild_id}/webhooks")
    for path in paths:
        assert error_code(await bob.get(path)) == (403, 50013)
    assert error_code(await bob.patch(scene.path, {"name": "x"})) == (403, 50013)
    assert error_code(await bob.delete(scene.path)) == (403, 50013)
    role = await place.add_role(permissions=int(Permission.MANAGE_WEBHOOKS))
    await place.change_member(bob, role_ids=(role,))
    for path in paths:
        assert (await bob.get(path)).status_code == 200
    await place.overwrite(bob, deny=Permission.VIEW_CHANNEL)
    assert error_code(await bob.get(scene.path)) == (403, 50001)
    assert (await bob.get(paths[2])).json() == []


async def test_source_is_shown_while_who_follows_can_see_it(scene: Scene) -> None:
    other = await store_guild(scene.api, scene.bob)
    body = {"webhook_channel_id": str(other.channel_id)}
    followed = (await scene.bob.post(f"/channels/{scene.news}/followers", body)).json()
    path = f"/webhooks/{followed['webhook_id']}"
    assert (await scene.bob.get(path)).json()["source_channel"]["name"] == "news"
    await scene.bob.delete(f"/users/@me/guilds/{scene.place.guild_id}")
    shown = (await scene.bob.get(path)).json()
    assert "source_guild" not in shown
    assert "source_channel" not in shown


async def test_unknown_webhooks_and_those_of_type_1(scene: Scene) -> None:
    assert (await scene.alice.delete(scene.path)).status_code == 204
    for method in ("GET", "PATCH", "DELETE"):
        assert error_code(await scene.alice.request(method, scene.path)) == (404, 10015)
    made = await scene.alice.post(f"/channels/{scene.place.channel_id}/webhooks", {"name": "x"})
    assert made.status_code == 501
    assert (await scene.alice.post(f"{scene.path}/token", {"content": "x"})).status_code == 501
