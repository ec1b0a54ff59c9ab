"""Channels of guilds: created, shown, changed, moved and deleted, and their overwrites."""

import asyncio
from typing import Any

import pytest

from core.domain.channels.channel import Channel
from core.domain.events import Audience
from core.domain.guilds.permissions import Permission
from tests.support.embedded_api import ApiUnderTest
from tests.support.guild_scene import JsonObject, Scene, error_code, form_code

VIEW = int(Permission.VIEW_CHANNEL)


def hidden_from_everyone(scene: Scene) -> JsonObject:
    return {"id": scene.id, "type": 0, "allow": "0", "deny": str(VIEW)}


@pytest.mark.parametrize(
    ("kind", "name", "kept"),
    [(0, "General Chat", "general-chat"), (2, "Talk Here", "Talk Here"), (4, "Rooms", "Rooms"), (5, "News", "news"),
     (13, "Stage", "Stage"), (15, "Help Forum", "help-forum")],
)  # fmt: skip
async def test_create_channel_of_each_type_is_shown_and_announced(
    api: ApiUnderTest, kind: int, name: str, kept: str
) -> None:
    scene = await Scene.build(api)
    channel = await scene.add_channel(name, type=kind)
    assert (channel["type"], channel["name"], channel["guild_id"]) == (kind, kept, scene.id)
    assert channel["permission_overwrites"] == []
    [created] = api.events("CHANNEL_CREATE")
    assert (created.audience, created.channel_id) == (Audience.CHANNEL, int(channel["id"]))
    assert api.payloads("CHANNEL_CREATE") == [channel]
    assert (await scene.owner.get(f"/channels/{channel['id']}")).json() == channel
    assert channel in (await scene.owner.get(f"{scene.path}/channels")).json()


async def test_create_channel_keeps_every_field(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    rooms = await scene.add_channel("Rooms", type=4)
    text = await scene.add_channel(
        topic="hello", nsfw=True, rate_limit_per_user="5", parent_id=int(rooms["id"]), position=7,
        default_auto_archive_duration=60,
    )  # fmt: skip
    assert (text["topic"], text["nsfw"], text["rate_limit_per_user"]) == ("hello", True, 5)
    assert (text["parent_id"], text["position"], text["default_auto_archive_duration"]) == (rooms["id"], 7, 60)
    voice = await scene.add_channel("talk", type=2, bitrate=96000, user_limit=5, video_quality_mode=2, topic=None)
    assert (voice["bitrate"], voice["user_limit"], voice["video_quality_mode"]) == (96000, 5, 2)


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "name"),
        ({"name": ""}, "name"),
        ({"name": "   "}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"name": "x", "type": 1}, "type"),
        ({"name": "x", "type": 16}, "type"),
        ({"name": "x", "topic": "x" * 1025}, "topic"),
        ({"name": "x", "rate_limit_per_user": 21601}, "rate_limit_per_user"),
        ({"name": "x", "type": 2, "bitrate": 7999}, "bitrate"),
        ({"name": "x", "type": 2, "bitrate": 96001}, "bitrate"),
        ({"name": "x", "type": 2, "user_limit": 100}, "user_limit"),
        ({"name": "x", "parent_id": "1"}, "parent_id"),
        ({"name": "x", "permission_overwrites": {}}, "permission_overwrites"),
    ],
)
async def test_create_channel_bad_body_names_the_field(api: ApiUnderTest, body: Any, path: str) -> None:
    scene = await Scene.build(api)
    assert form_code(await scene.owner.post(f"{scene.path}/channels", body), path)
    assert api.events("CHANNEL_CREATE") == []


async def test_create_channel_parent_must_be_category_with_room(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    path = f"{scene.path}/channels"
    rooms = await scene.add_channel("Rooms", type=4)
    not_category = await scene.owner.post(path, {"name": "x", "parent_id": scene.general})
    assert form_code(not_category, "parent_id") == "CHANNEL_PARENT_INVALID_TYPE"
    nested = await scene.owner.post(path, {"name": "x", "type": 4, "parent_id": rooms["id"]})
    assert form_code(nested, "parent_id") == "CHANNEL_PARENT_INVALID_TYPE"
    async with api.store.write() as tx:
        for number in range(1, 50):
            parent_id = int(rooms["id"])
            await tx.channels.create(
                Channel(id=number, type=0, guild_id=int(scene.id), name=f"c{number}", parent_id=parent_id)
            )
    await scene.add_channel(parent_id=rooms["id"])
    full = await scene.owner.post(path, {"name": "x", "parent_id": rooms["id"]})
    assert form_code(full, "parent_id") == "CHANNEL_PARENT_MAX_CHANNELS"


async def test_create_channel_past_500_is_refused_also_at_once(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    async with api.store.write() as tx:
        for number in range(1, 494):
            await tx.channels.create(Channel(id=number, type=0, guild_id=int(scene.id), name=f"c{number}"))
    requests = [scene.owner.post(f"{scene.path}/channels", {"name": f"x{number}"}) for number in range(8)]
    answers = await asyncio.gather(*requests)
    assert sorted(answer.status_code for answer in answers) == [201, 201, 201, 400, 400, 400, 400, 400]
    refused = next(answer for answer in answers if answer.status_code == 400)
    assert error_code(refused) == (400, 30013)


async def test_create_channel_in_category_takes_over_its_overwrites(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    bob = await scene.join()
    hidden = [hidden_from_everyone(scene)]
    rooms = await scene.add_channel("Rooms", type=4, permission_overwrites=hidden)
    child = await scene.add_channel(parent_id=rooms["id"])
    open_child = await scene.add_channel(parent_id=rooms["id"], permission_overwrites=[])
    assert (child["permission_overwrites"], open_child["permission_overwrites"]) == (hidden, [])
    assert error_code(await bob.get(f"/channels/{child['id']}")) == (403, 50001)
    assert (await bob.get(f"/channels/{open_child['id']}")).status_code == 200
    listed = {channel["id"] for channel in (await bob.get(f"{scene.path}/channels")).json()}
    assert open_child["id"] in listed
    assert listed.isdisjoint({rooms["id"], child["id"]})


async def test_create_channel_needs_manage_channels_where_it_goes(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    bob = await scene.join()
    rooms = await scene.add_channel("Rooms", type=4)
    path = f"{scene.path}/channels"
    assert error_code(await bob.post(path, {"name": "x"})) == (403, 50013)
    allow = {"type": 1, "allow": str(int(Permission.MANAGE_CHANNELS))}
    await scene.owner.put(f"/channels/{rooms['id']}/permissions/{bob.id}", allow)
    assert (await bob.post(path, {"name": "x", "parent_id": rooms["id"]})).status_code == 201
    assert error_code(await bob.post(path, {"name": "x"})) == (403, 50013)


async def test_create_channel_overwrites_only_with_bits_of_ones_own(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    bob = await scene.join()
    await scene.add_role(bob, permissions=Permission.MANAGE_CHANNELS)
    path = f"{scene.path}/channels"
    ban = {"id": bob.id, "type": 1, "allow": str(int(Permission.BAN_MEMBERS))}
    assert error_code(await bob.post(path, {"name": "x", "permission_overwrites": [ban]})) == (403, 50013)
    manage = {"id": bob.id, "type": 1, "allow": str(int(Permission.MANAGE_ROLES))}
    assert error_code(await bob.post(path, {"name": "x", "permission_overwrites": [manage]})) == (403, 50013)
    view = {"id": bob.id, "type": "member", "allow": VIEW, "deny": None}
    made = await bob.post(path, {"name": "x", "permission_overwrites": [view]})
    assert made.json()["permission_overwrites"] == [{"id": bob.id, "type": 1, "allow": str(VIEW), "deny": "0"}]
    unknown = {"id": "1", "type": 0, "allow": str(VIEW)}
    assert error_code(await bob.post(path, {"name": "x", "permission_overwrites": [unknown]})) == (404, 10009)


async def test_update_channel_changes_given_fields_and_announces_them(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    rooms = await scene.add_channel("Rooms", type=4)
    channel = await scene.add_channel(topic="old")
    path = f"/channels/{channel['id']}"
    answer = await scene.owner.patch(
        path,
        {
            "name": "New Name",
            "topic": None,
            "nsfw": True,
            "rate_limit_per_user": 10,
            "parent_id": rooms["id"],
            "type": 5,
        },
    )
    assert answer.status_code == 200, answer.text
    updated = answer.json()
    assert (updated["name"], updated["topic"], updated["nsfw"]) == ("new-name", None, True)
    assert (updated["parent_id"], updated["rate_limit_per_user"], updated["type"]) == (rooms["id"], 10, 5)
    [event] = api.events("CHANNEL_UPDATE")
    assert (event.audience, event.channel_id) == (Audience.CHANNEL, int(channel["id"]))
    assert api.payloads("CHANNEL_UPDATE") == [updated]
    assert (await scene.owner.get(path)).json() == updated
    detached = (await scene.owner.put(path, {"parent_id": None, "name": None})).json()
    assert (detached["parent_id"], detached["name"]) == (None, "new-name")
    await scene.owner.patch(path, {})
    assert len(api.events("CHANNEL_UPDATE")) == 2


@pytest.mark.parametrize(
    ("body", "path"),
    [({"type": 2}, "type"), ({"type": 99}, "type"), ({"parent_id": "5"}, "parent_id"), ({"name": 5}, "name"),
     ({"topic": "x" * 1025}, "topic"), ({"nsfw": "maybe"}, "nsfw"), ({"position": -1}, "position")],
)  # fmt: skip
async def test_update_channel_bad_body_names_the_field(api: ApiUnderTest, body: Any, path: str) -> None:
    scene = await Scene.build(api)
    assert form_code(await scene.owner.patch(f"/channels/{scene.general}", body), path)
    assert api.events("CHANNEL_UPDATE") == []


async def test_update_channel_unbuilt_forum_parts_are_refused(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    forum = await scene.add_channel("help", type=15, available_tags=[], default_reaction_emoji=None)
    answer = await scene.owner.patch(f"/channels/{forum['id']}", {"available_tags": [{"name": "solved"}]})
    assert answer.status_code == 501


async def test_update_channel_needs_permissions_and_hides_what_is_hidden(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    bob = await scene.join()
    path = f"/channels/{scene.general}"
    assert error_code(await bob.patch(path, {"name": "x"})) == (403, 50013)
    await scene.add_role(bob, permissions=Permission.MANAGE_CHANNELS)
    assert (await bob.patch(path, {"name": "x"})).status_code == 200
    overwrites = [hidden_from_everyone(scene)]
    assert error_code(await bob.patch(path, {"permission_overwrites": overwrites})) == (403, 50013)
    await scene.owner.patch(path, {"permission_overwrites": overwrites})
    assert error_code(await bob.patch(path, {"name": "y"})) == (403, 50001)
    assert error_code(await bob.get("/channels/1")) == (404, 10003)


async def test_delete_channel_announces_it_and_clears_what_named_it(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    bob = await scene.join()
    path = f"/channels/{scene.general}"
    assert error_code(await bob.delete(path)) == (403, 50013)
    answer = await scene.owner.delete(path)
    assert answer.status_code == 200
    [event] = api.events("CHANNEL_DELETE")
    assert (event.audience, event.channel_id) == (Audience.CHANNEL, int(scene.general))
    assert api.payloads("CHANNEL_DELETE")[0]["id"] == scene.general
    assert api.payloads("GUILD_UPDATE")[-1]["system_channel_id"] is None
    assert (await scene.owner.get(scene.path)).json()["system_channel_id"] is None
    assert error_code(await scene.owner.get(path)) == (404, 10003)
    assert error_code(await scene.owner.delete(path)) == (404, 10003)


async def test_delete_category_orphans_its_children(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    rooms = await scene.add_channel("Rooms", type=4)
    child = await scene.add_channel(parent_id=rooms["id"])
    await scene.owner.delete(f"/channels/{rooms['id']}")
    [updated] = api.payloads("CHANNEL_UPDATE")
    assert (updated["id"], updated["parent_id"]) == (child["id"], None)
    assert (await scene.owner.get(f"/channels/{child['id']}")).json()["parent_id"] is None


async def test_move_channels_changes_places_parents_and_overwrites(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    hidden = [hidden_from_everyone(scene)]
    rooms = await scene.add_channel("Rooms", type=4, permission_overwrites=hidden)
    first, second = await scene.add_channel("first"), await scene.add_channel("second")
    answer = await scene.owner.patch(
        f"{scene.path}/channels",
        [
            {"id": first["id"], "position": 9},
            {"id": second["id"], "position": 8, "parent_id": rooms["id"], "lock_permissions": True},
            {"id": scene.general, "position": None},
        ],
    )
    assert answer.status_code == 204
    updated = {channel["id"]: channel for channel in api.payloads("CHANNEL_UPDATE")}
    assert set(updated) == {first["id"], second["id"]}
    assert updated[first["id"]]["position"] == 9
    moved = updated[second["id"]]
    assert (moved["position"], moved["parent_id"], moved["permission_overwrites"]) == (8, rooms["id"], hidden)


async def test_move_channels_refuses_all_when_one_is_wrong(api: ApiUnderTest) -> None:
    scene, other = await Scene.build(api), await Scene.build(api)
    path = f"{scene.path}/channels"
    bob = await scene.join()
    move = {"id": scene.general, "position": 5}
    assert error_code(await bob.patch(path, [move])) == (403, 50013)
    assert error_code(await scene.owner.patch(path, [move, {"id": other.general, "position": 1}])) == (404, 10003)
    bad_parent = {"id": scene.general, "parent_id": scene.general}
    assert form_code(await scene.owner.patch(path, [move, bad_parent]), "1", "parent_id")
    assert error_code(await scene.owner.patch(path, {})) == (400, 50035)
    assert api.events("CHANNEL_UPDATE") == []


async def test_overwrite_put_and_delete_change_the_view(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    bob = await scene.join()
    path = f"/channels/{scene.general}/permissions"
    assert (await scene.owner.put(f"{path}/{scene.id}", {"type": 0, "deny": str(VIEW)})).status_code == 204
    assert error_code(await bob.get(f"/channels/{scene.general}")) == (403, 50001)
    assert (await scene.owner.put(f"{path}/{bob.id}", {"type": 1, "allow": VIEW, "deny": "0"})).status_code == 204
    shown = (await bob.get(f"/channels/{scene.general}")).json()
    assert {"id": bob.id, "type": 1, "allow": str(VIEW), "deny": "0"} in shown["permission_overwrites"]
    assert (await scene.owner.delete(f"{path}/{bob.id}")).status_code == 204
    assert error_code(await bob.get(f"/channels/{scene.general}")) == (403, 50001)
    assert error_code(await scene.owner.delete(f"{path}/{bob.id}")) == (404, 10009)
    assert len(api.events("CHANNEL_UPDATE")) == 3


async def test_overwrite_same_again_announces_nothing(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    path = f"/channels/{scene.general}/permissions/{scene.id}"
    for _ in range(2):
        assert (await scene.owner.put(path, {"type": "role", "deny": str(VIEW)})).status_code == 204
    assert len(api.events("CHANNEL_UPDATE")) == 1


async def test_overwrite_needs_manage_roles_and_bits_of_ones_own(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    bob = await scene.join()
    path = f"/channels/{scene.general}/permissions/{bob.id}"
    view = {"type": 1, "allow": str(VIEW)}
    assert error_code(await bob.put(path, view)) == (403, 50013)
    await scene.add_role(bob, permissions=Permission.MANAGE_ROLES)
    assert (await bob.put(path, view)).status_code == 204
    assert error_code(await bob.put(path, {"type": 1, "deny": str(int(Permission.MANAGE_MESSAGES))})) == (403, 50013)
    assert error_code(await bob.put(path, {"type": 1, "allow": str(int(Permission.MANAGE_ROLES))})) == (403, 50013)
    await scene.owner.put(path, {"type": 1, "allow": str(int(Permission.MANAGE_ROLES))})
    free = str(int(Permission.MANAGE_ROLES | Permission.MANAGE_MESSAGES))
    assert (await bob.put(path, {"type": 1, "allow": free})).status_code == 204


async def test_overwrite_of_nobody_or_elsewhere_is_unknown(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    assert error_code(await scene.owner.put(f"/channels/{scene.general}/permissions/1", {"type": 0})) == (404, 10009)
    assert error_code(await scene.owner.put(f"/channels/{scene.general}/permissions/1", {"type": 1})) == (404, 10009)
    assert form_code(await scene.owner.put(f"/channels/{scene.general}/permissions/{scene.id}", {"type": 7}), "type")
    assert error_code(await scene.owner.put(f"/channels/1/permissions/{scene.id}", {"type": 0})) == (404, 10003)


async def test_direct_channel_cannot_be_changed_and_is_shown_when_closed(api: ApiUnderTest) -> None:
    alice, bob = await api.register(), await api.register()
    direct = (await alice.post("/users/@me/channels", {"recipient_id": bob.id})).json()
    path = f"/channels/{direct['id']}"
    assert (await alice.get(path)).json()["recipients"][0]["id"] == bob.id
    assert error_code(await alice.patch(path, {"name": "x"})) == (403, 50003)
    assert error_code(await alice.put(f"{path}/permissions/{bob.id}", {"type": 1})) == (403, 50003)
    assert (await alice.delete(path)).json()["id"] == direct["id"]
