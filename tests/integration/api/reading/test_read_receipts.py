"""Read receipts over REST: who is told of an ack, and who can ask."""

from typing import Any

import pytest

from tests.support.embedded_api import Actor, ApiUnderTest
from tests.support.guild_scene import Scene, error_code

SETTINGS = "/users/@me/read-receipts"


class Group:
    """A group of three friends, with a message of the first one."""

    def __init__(self, api: ApiUnderTest) -> None:
        self._api = api

    async def build(self) -> "Group":
        self.alice, self.bob, self.carol = [await self._api.register() for _ in range(3)]
        await self._api.befriend(self.alice, self.bob, self.carol)
        body = {"recipients": [self.bob.id, self.carol.id]}
        made = await self.alice.post("/users/@me/channels", body)
        self.path = f"/channels/{made.json()['id']}"
        self.id = made.json()["id"]
        self.first = await self.say("first")
        return self

    async def say(self, content: str) -> str:
        sent = await self.alice.post(f"{self.path}/messages", {"content": content})
        message_id: str = sent.json()["id"]
        return message_id

    async def share(self, *people: Actor, enabled: bool = True) -> None:
        for person in people:
            answer = await person.patch(SETTINGS, {"enabled": enabled})
            assert (answer.status_code, answer.json()) == (200, {"enabled": enabled})

    async def ack(self, person: Actor, message_id: str, fields: Any = None) -> None:
        answer = await person.post(f"{self.path}/messages/{message_id}/ack", fields or {})
        assert answer.status_code == 200, answer.text

    def receipt(self, person: Actor, message_id: str) -> dict[str, str]:
        return {"channel_id": self.id, "user_id": person.id, "last_read_id": message_id}

    async def receipts(self, person: Actor) -> Any:
        answer = await person.get(f"{self.path}/read-receipts")
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture
async def group(api: ApiUnderTest) -> Group:
    return await Group(api).build()


def told(api: ApiUnderTest, person: Actor) -> list[Any]:
    return [payload for name, payload in api.events_of(person.id) if name == "READ_RECEIPT_UPDATE"]


async def test_nobody_shares_until_they_say_so(api: ApiUnderTest, group: Group) -> None:
    assert (await group.alice.get(SETTINGS)).json() == {"enabled": False}
    await group.share(group.alice)
    await group.ack(group.bob, group.first)
    assert await group.receipts(group.alice) == await group.receipts(group.bob) == []
    assert api.events("READ_RECEIPT_UPDATE") == []


async def test_acks_are_told_to_those_who_share(api: ApiUnderTest, group: Group) -> None:
    await group.share(group.alice, group.bob)
    await group.ack(group.bob, group.first)
    receipt = group.receipt(group.bob, group.first)
    assert told(api, group.alice) == [receipt]
    assert told(api, group.carol) == told(api, group.bob) == []
    assert await group.receipts(group.alice) == [receipt]
    assert await group.receipts(group.carol) == []
    second = await group.say("second")
    form = {"read_states": [{"channel_id": group.id, "message_id": second}]}
    assert (await group.bob.post("/read-states/ack-bulk", form)).status_code == 204
    await group.ack(group.bob, group.first)
    assert told(api, group.alice)[1:] == [group.receipt(group.bob, second)], "an ack of what was read says nothing"


async def test_receipts_go_back_with_the_place(api: ApiUnderTest, group: Group) -> None:
    await group.share(group.alice, group.bob)
    second = await group.say("second")
    await group.ack(group.bob, second)
    await group.ack(group.bob, group.first, {"manual": True})
    assert await group.receipts(group.alice) == [group.receipt(group.bob, group.first)]
    assert (await group.bob.request("DELETE", f"{group.path}/messages/ack", json={})).status_code == 204
    assert await group.receipts(group.alice) == []
    assert [each["last_read_id"] for each in told(api, group.alice)] == [second, group.first, "0"]


@pytest.mark.parametrize("is_reader", [True, False])
async def test_block_ends_receipts_in_both_directions(api: ApiUnderTest, group: Group, *, is_reader: bool) -> None:
    await group.share(group.alice, group.bob, group.carol)
    blocker, other = (group.bob, group.alice) if is_reader else (group.alice, group.bob)
    assert (await blocker.put(f"/users/@me/relationships/{other.id}", {"type": 2})).status_code == 204
    await group.ack(group.bob, group.first)
    assert told(api, group.alice) == []
    assert await group.receipts(group.alice) == []
    assert told(api, group.carol) == await group.receipts(group.carol) == [group.receipt(group.bob, group.first)]


async def test_setting_is_told_to_the_own_devices_alone(api: ApiUnderTest, group: Group) -> None:
    await group.share(group.alice)
    await group.share(group.alice)
    await group.share(group.alice, enabled=False)
    (first, second) = api.events("READ_RECEIPT_SETTINGS_UPDATE")
    assert {str(first.user_id), str(second.user_id)} == {group.alice.id}
    assert api.payloads("READ_RECEIPT_SETTINGS_UPDATE") == [{"enabled": True}, {"enabled": False}]
    await group.alice.patch("/users/@me/notification-settings", {"flags": 16})
    assert (await group.alice.get(SETTINGS)).json() == {"enabled": False}


async def test_setting_outlives_changes_of_other_settings(group: Group) -> None:
    await group.share(group.alice)
    await group.alice.patch("/users/@me/settings", {"status": "idle"})
    await group.alice.patch("/users/@me/notification-settings", {"flags": 16})
    assert (await group.alice.get(SETTINGS)).json() == {"enabled": True}


async def test_guilds_bots_and_strangers_have_no_receipts(api: ApiUnderTest, group: Group) -> None:
    scene = await Scene.build(api)
    await group.share(scene.owner)
    bot = await api.make_bot(group.alice)
    path = f"{group.path}/read-receipts"
    assert error_code(await scene.owner.get(f"/channels/{scene.general}/read-receipts")) == (400, 50024)
    assert (await scene.owner.get(path)).status_code in (403, 404)
    assert error_code(await bot.get(SETTINGS)) == (403, 20001)
    assert (await bot.get(path)).status_code == 403
    assert (await api.nobody.get(path)).status_code == 401
