"""Groups: who is in them, who may do what, and what is told to whom."""

import asyncio
from typing import Any

import pytest

from core.runtime.settings.settings import LimitSettings
from tests.integration.api.conftest import HIGH_LIMITS, OpenApi
from tests.integration.api.http.field_walk import PICTURE
from tests.support.embedded_api import Actor, ApiUnderTest
from tests.support.guild_scene import error_code
from tests.support.stores.stored_guild import store_bot

MINE = "/users/@me/channels"


class Group:
    """A group of four with its owner first; `dora` is a friend of the owner who is not in it."""

    def __init__(self, api: ApiUnderTest, people: list[Actor], channel: dict[str, Any]) -> None:
        self.api = api
        self.owner, self.bob, self.carol, self.dora = people
        self.shown = channel
        self.id = channel["id"]
        self.path = f"/channels/{self.id}"

    @classmethod
    async def build(cls, api: ApiUnderTest) -> "Group":
        people = [await api.register() for _ in range(4)]
        await api.befriend(*people)
        answer = await people[0].post(MINE, {"recipients": [people[1].id, people[2].id]})
        assert answer.status_code == 200, answer.text
        return cls(api, people, answer.json())

    def told(self, *names: str) -> list[tuple[str, str]]:
        """Return events with those whom they went to, and forget them."""
        found = [(each.event, str(each.user_id)) for each in self.api.events(*names)]
        self.api.deliveries.clear()
        return found

    async def messages(self, reader: Actor) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await reader.get(f"{self.path}/messages")).json()
        return found[::-1]


@pytest.fixture
async def group(api: ApiUnderTest) -> Group:
    return await Group.build(api)


async def test_group_is_made_of_friends_and_told_to_each(group: Group) -> None:
    assert (group.shown["type"], group.shown["name"], group.shown["icon"]) == (3, None, None)
    assert group.shown["owner_id"] == group.owner.id
    assert {user["id"] for user in group.shown["recipients"]} == {group.bob.id, group.carol.id}
    created = group.api.events("CHANNEL_CREATE")
    assert {str(each.user_id) for each in created} == {group.owner.id, group.bob.id, group.carol.id}
    for actor in (group.owner, group.bob, group.carol):
        [listed] = (await actor.get(MINE)).json()
        assert listed["id"] == group.id
        assert actor.id not in {user["id"] for user in listed["recipients"]}


async def test_same_people_may_have_several_groups_and_their_direct_channels(group: Group) -> None:
    again = await group.owner.post(MINE, {"recipients": [group.bob.id, group.carol.id]})
    assert again.json()["id"] != group.id
    direct = await group.owner.post(MINE, {"recipients": [group.bob.id]})
    assert direct.json()["type"] == 1
    pair = await group.owner.post(MINE, {"recipients": [group.bob.id, group.owner.id]})
    assert (pair.json()["type"], [user["id"] for user in pair.json()["recipients"]]) == (3, [group.bob.id])


async def test_strangers_bots_and_those_who_block_are_not_brought_in(group: Group) -> None:
    stranger, robot = await group.api.register(), await store_bot(group.api)
    for recipients in ([group.bob.id, stranger.id], [group.bob.id, robot.id], [group.bob.id, "5"]):
        assert error_code(await group.owner.post(MINE, {"recipients": recipients})) == (400, 50033)
    assert error_code(await robot.post(MINE, {"recipients": [group.bob.id, group.carol.id]})) == (403, 20001)
    assert error_code(await group.bob.put(f"{group.path}/recipients/{group.dora.id}")) == (400, 50033)
    await group.dora.put(f"/users/@me/relationships/{group.owner.id}", {"type": 2})
    assert error_code(await group.owner.put(f"{group.path}/recipients/{group.dora.id}")) == (400, 50033)


async def test_added_friend_sees_the_group_and_its_history(group: Group) -> None:
    await group.bob.post(f"{group.path}/messages", {"content": "before"})
    group.api.deliveries.clear()
    assert (await group.owner.put(f"{group.path}/recipients/{group.dora.id}")).status_code == 204
    added = [payload["user"]["id"] for payload in group.api.payloads("CHANNEL_RECIPIENT_ADD")]
    assert added == [group.dora.id] * 3
    assert group.told("CHANNEL_CREATE", "CHANNEL_RECIPIENT_ADD") == [
        ("CHANNEL_RECIPIENT_ADD", group.owner.id),
        ("CHANNEL_RECIPIENT_ADD", group.bob.id),
        ("CHANNEL_RECIPIENT_ADD", group.carol.id),
        ("CHANNEL_CREATE", group.dora.id),
    ]
    before, note = await group.messages(group.dora)
    assert before["content"] == "before"
    assert (note["type"], note["author"]["id"]) == (1, group.owner.id)
    assert [user["id"] for user in note["mentions"]] == [group.dora.id]
    assert (await group.owner.put(f"{group.path}/recipients/{group.dora.id}")).status_code == 204
    assert group.told() == []


async def test_owner_removes_and_others_do_not(group: Group) -> None:
    assert error_code(await group.bob.delete(f"{group.path}/recipients/{group.carol.id}")) == (403, 50013)
    assert error_code(await group.bob.delete(f"{group.path}/recipients/{group.owner.id}")) == (403, 50013)
    group.api.deliveries.clear()
    assert (await group.owner.delete(f"{group.path}/recipients/{group.carol.id}")).status_code == 204
    assert group.told("CHANNEL_DELETE", "CHANNEL_RECIPIENT_REMOVE", "CHANNEL_UPDATE") == [
        ("CHANNEL_DELETE", group.carol.id),
        ("CHANNEL_RECIPIENT_REMOVE", group.owner.id),
        ("CHANNEL_RECIPIENT_REMOVE", group.bob.id),
    ]
    [note] = await group.messages(group.bob)
    assert (note["type"], [user["id"] for user in note["mentions"]]) == (2, [group.carol.id])
    assert error_code(await group.carol.get(f"{group.path}/messages")) == (403, 50001)
    assert error_code(await group.carol.post(f"{group.path}/messages", {"content": "x"})) == (403, 50001)
    assert error_code(await group.carol.put(f"{group.path}/recipients/{group.dora.id}")) == (403, 50001)
    assert (await group.carol.get(MINE)).json() == []
    assert error_code(await group.owner.delete(f"{group.path}/recipients/{group.carol.id}")) == (404, 10013)


async def test_message_and_typing_go_to_those_who_are_in_it(group: Group) -> None:
    await group.owner.delete(f"{group.path}/recipients/{group.carol.id}")
    group.api.deliveries.clear()
    assert (await group.bob.post(f"{group.path}/messages", {"content": "x"})).status_code == 200
    assert (await group.bob.post(f"{group.path}/typing")).status_code == 204
    assert sorted(group.told("MESSAGE_CREATE", "TYPING_START")) == sorted(
        (event, actor.id) for event in ("MESSAGE_CREATE", "TYPING_START") for actor in (group.owner, group.bob)
    )


async def test_owner_who_leaves_is_followed_and_the_last_takes_the_group_along(group: Group) -> None:
    group.api.deliveries.clear()
    left = await group.owner.delete(group.path)
    assert (left.status_code, left.json()["id"], left.json()["owner_id"]) == (200, group.id, group.owner.id)
    assert group.told("CHANNEL_DELETE", "CHANNEL_RECIPIENT_REMOVE", "CHANNEL_UPDATE") == [
        ("CHANNEL_DELETE", group.owner.id),
        ("CHANNEL_RECIPIENT_REMOVE", group.bob.id),
        ("CHANNEL_RECIPIENT_REMOVE", group.carol.id),
        ("CHANNEL_UPDATE", group.bob.id),
        ("CHANNEL_UPDATE", group.carol.id),
    ]
    assert (await group.carol.get(group.path)).json()["owner_id"] == group.bob.id
    assert [note["type"] for note in await group.messages(group.bob)] == [2]
    for actor in (group.bob, group.carol):
        assert (await actor.delete(group.path)).status_code == 200
    assert error_code(await group.carol.get(group.path)) == (404, 10003)
    assert (await group.carol.get(MINE)).json() == []


async def test_name_and_picture_are_changed_by_anybody_and_written_down(group: Group) -> None:
    group.api.deliveries.clear()
    changed = await group.bob.patch(group.path, {"name": "The three", "icon": PICTURE})
    assert (changed.status_code, changed.json()["name"]) == (200, "The three")
    icon = changed.json()["icon"]
    picture = await group.api.nobody.get(f"http://guildway/channel-icons/{group.id}/{icon}.png")
    assert picture.status_code == 200
    assert [name for name, _ in group.told("CHANNEL_UPDATE")] == ["CHANNEL_UPDATE"] * 3
    notes = await group.messages(group.carol)
    assert [(note["type"], note["content"]) for note in notes] == [(4, "The three"), (5, "")]
    assert (await group.bob.patch(group.path, {"name": "The three"})).status_code == 200
    assert group.told("CHANNEL_UPDATE") == []
    cleared = (await group.carol.patch(group.path, {"name": None, "icon": None})).json()
    assert (cleared["name"], cleared["icon"]) == (None, None)
    assert error_code(await group.bob.patch(group.path, {"icon": "data:image/png;base64,xx"})) == (400, 50035)


async def test_owner_hands_the_group_on(group: Group) -> None:
    assert error_code(await group.bob.patch(group.path, {"owner": group.bob.id})) == (403, 50013)
    assert error_code(await group.owner.patch(group.path, {"owner": group.dora.id})) == (400, 50033)
    assert (await group.owner.patch(group.path, {"owner": group.bob.id})).json()["owner_id"] == group.bob.id
    assert error_code(await group.owner.delete(f"{group.path}/recipients/{group.carol.id}")) == (403, 50013)


async def test_system_messages_can_neither_be_edited_nor_deleted_nor_answered(group: Group) -> None:
    await group.owner.patch(group.path, {"name": "Named"})
    [note] = await group.messages(group.owner)
    assert error_code(await group.owner.patch(f"{group.path}/messages/{note['id']}", {"content": "x"})) == (403, 50021)
    assert error_code(await group.owner.delete(f"{group.path}/messages/{note['id']}")) == (403, 50021)
    reply = {"content": "x", "message_reference": {"message_id": note["id"]}}
    assert error_code(await group.owner.post(f"{group.path}/messages", reply)) == (400, 50035)


async def test_group_routes_are_for_groups(group: Group) -> None:
    direct = (await group.owner.post(MINE, {"recipient_id": group.bob.id})).json()["id"]
    assert error_code(await group.owner.put(f"/channels/{direct}/recipients/{group.carol.id}")) == (400, 50024)
    assert error_code(await group.owner.delete(f"/channels/{direct}/recipients/{group.bob.id}")) == (400, 50024)
    assert error_code(await group.owner.put(f"/channels/5/recipients/{group.carol.id}")) == (404, 10003)
    # Whoever cannot see a channel is not told of what kind it is.
    assert error_code(await group.carol.put(f"/channels/{direct}/recipients/{group.owner.id}")) == (403, 50001)
    assert error_code(await group.carol.delete(f"/channels/{direct}/recipients/{group.bob.id}")) == (403, 50001)
    assert (await group.owner.patch(f"/channels/{direct}", {"name": "x"})).json()["code"] == 50003


async def test_group_has_no_more_people_than_the_setting_says(open_api: OpenApi) -> None:
    names = {name: getattr(HIGH_LIMITS, name) for name in LimitSettings.__struct_fields__}
    async with open_api(limits=LimitSettings(**{**names, "group_recipients": 3})) as api:
        group = await Group.build(api)
        assert error_code(await group.owner.put(f"{group.path}/recipients/{group.dora.id}")) == (400, 30004)
        three = [group.bob.id, group.carol.id, group.dora.id]
        assert error_code(await group.owner.post(MINE, {"recipients": three})) == (400, 30004)


async def test_people_who_come_and_go_at_once_leave_one_truth(group: Group) -> None:
    await asyncio.gather(
        group.owner.put(f"{group.path}/recipients/{group.dora.id}"),
        group.owner.delete(f"{group.path}/recipients/{group.carol.id}"),
        group.bob.delete(group.path),
    )
    shown = (await group.owner.get(group.path)).json()
    assert [user["id"] for user in shown["recipients"]] == [group.dora.id]
    assert [channel["id"] for channel in (await group.dora.get(MINE)).json()] == [group.id]
    for gone in (group.bob, group.carol):
        assert (await gone.get(MINE)).json() == []


async def test_group_can_be_left_without_a_word(group: Group) -> None:
    assert (await group.carol.delete(f"{group.path}?silent=true")).status_code == 200
    assert await group.messages(group.owner) == []
    gone = [payload["user"]["id"] for payload in group.api.payloads("CHANNEL_RECIPIENT_REMOVE")]
    assert set(gone) == {group.carol.id}
    assert (await group.bob.delete(f"{group.path}?silent=false")).status_code == 200
    assert [note["type"] for note in await group.messages(group.owner)] == [2]


async def test_system_messages_have_discords_fields(group: Group) -> None:
    await group.owner.put(f"{group.path}/recipients/{group.dora.id}")
    await group.owner.delete(f"{group.path}/recipients/{group.dora.id}")
    await group.bob.patch(group.path, {"name": "The three", "icon": PICTURE})
    pinned = (await group.owner.post(f"{group.path}/messages", {"content": "x"})).json()["id"]
    await group.bob.put(f"{group.path}/messages/pins/{pinned}")
    shown = [each for each in await group.messages(group.carol) if each["type"] != 0]
    assert [(each["type"], each["content"], [user["id"] for user in each["mentions"]]) for each in shown] == [
        (1, "", [group.dora.id]),
        (2, "", [group.dora.id]),
        (4, "The three", []),
        (5, "", []),
        (6, "", []),
    ]
    assert [each["author"]["id"] for each in shown] == [group.owner.id] * 2 + [group.bob.id] * 3
    for each in shown:
        assert (each["flags"], each["attachments"], each["embeds"]) == (0, [], [])
        assert ("message_reference" in each) == (each["type"] == 6)
        told = [payload for payload in group.api.payloads("MESSAGE_CREATE") if payload["id"] == each["id"]]
        assert told
        assert all(payload == each | {"pinned": False} for payload in told)
    assert shown[-1]["message_reference"] == {"type": 0, "channel_id": group.id, "message_id": pinned}
    assert "referenced_message" not in shown[-1]
