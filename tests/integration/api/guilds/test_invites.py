"""Invites: created, shown, used, used up and deleted."""

import asyncio
from typing import Any

import pytest

from core.domain.events import GUILD_JOINED, Audience
from core.domain.guilds.member import Invite
from core.domain.guilds.permissions import Permission
from tests.support.embedded_api import ApiUnderTest
from tests.support.guild_scene import JsonObject, Scene, error_code, form_code


async def make_invite(scene: Scene, **fields: Any) -> JsonObject:
    answer = await scene.owner.post(f"/channels/{scene.general}/invites", fields)
    assert answer.status_code == 200, answer.text
    invite: JsonObject = answer.json()
    return invite


async def test_create_invite_default_lasts_a_day_and_is_announced(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    invite = await make_invite(scene)
    assert (invite["max_age"], invite["max_uses"], invite["uses"], invite["temporary"]) == (86400, 0, 0, False)
    assert (invite["guild"]["id"], invite["channel"]["id"]) == (scene.id, scene.general)
    assert invite["inviter"]["id"] == scene.owner.id
    assert invite["expires_at"] is not None
    [event] = api.events("INVITE_CREATE")
    assert (event.audience, event.permissions) == (Audience.GUILD_PERMISSION, Permission.MANAGE_CHANNELS)
    [payload] = api.payloads("INVITE_CREATE")
    assert (payload["code"], payload["channel_id"], payload["guild_id"]) == (invite["code"], scene.general, scene.id)
    assert payload["inviter"]["id"] == scene.owner.id


async def test_create_invite_gives_the_same_again_unless_unique(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    first = await make_invite(scene, max_age=0)
    assert (await make_invite(scene, max_age=0))["code"] == first["code"]
    assert (await make_invite(scene, max_age=0, unique=True))["code"] != first["code"]
    assert (await make_invite(scene, max_age=60))["code"] != first["code"]
    assert first["expires_at"] is None
    assert len(api.events("INVITE_CREATE")) == 3


@pytest.mark.parametrize(
    ("body", "path"), [({"max_age": -1}, "max_age"), ({"max_uses": 101}, "max_uses"), ({"unique": "x"}, "unique")]
)
async def test_create_invite_bad_body_names_the_field(api: ApiUnderTest, body: Any, path: str) -> None:
    scene = await Scene.build(api)
    assert form_code(await scene.owner.post(f"/channels/{scene.general}/invites", body), path)


async def test_create_invite_needs_permission_and_a_channel_to_go_to(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    bob = await scene.join()
    rooms = await scene.add_channel("Rooms", type=4)
    assert error_code(await scene.owner.post(f"/channels/{rooms['id']}/invites")) == (400, 50024)
    assert (await bob.post(f"/channels/{scene.general}/invites")).status_code == 200
    deny = {"type": 0, "deny": str(int(Permission.CREATE_INSTANT_INVITE))}
    await scene.owner.put(f"/channels/{scene.general}/permissions/{scene.id}", deny)
    assert error_code(await bob.post(f"/channels/{scene.general}/invites")) == (403, 50013)
    assert error_code(await scene.owner.post("/channels/1/invites")) == (404, 10003)
    streamed = await scene.owner.post(f"/channels/{scene.general}/invites", {"target_type": 1})
    assert streamed.status_code == 501


async def test_get_invite_is_for_anybody_and_counts_when_asked(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    code = (await make_invite(scene))["code"]
    shown = (await api.nobody.get(f"/invites/{code}")).json()
    assert (shown["guild"]["name"], shown["channel"]["name"]) == ("Gardeners", "general")
    assert "uses" not in shown
    api.online.put(int(scene.id), 3)
    counted = (await api.nobody.get(f"/invites/{code}?with_counts=True")).json()
    assert (counted["approximate_member_count"], counted["approximate_presence_count"]) == (1, 3)
    assert error_code(await api.nobody.get("/invites/nonesuch")) == (404, 10006)
    assert error_code(await api.nobody.post(f"/invites/{code}")) == (401, 0)


async def test_use_invite_makes_a_member_and_tells_everybody(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    code = (await make_invite(scene))["code"]
    bob = await api.register()
    before = len(api.events())
    answer = await bob.post(f"/invites/{code}", {"session_id": "x"})
    assert answer.status_code == 200, answer.text
    assert (answer.json()["new_member"], answer.json()["guild"]["id"]) == (True, scene.id)
    added, joined, welcomed = api.events()[before:]
    assert (added.event, added.user_id) == ("GUILD_MEMBER_ADD", int(bob.id))
    assert (joined.event, joined.user_id) == (GUILD_JOINED, int(bob.id))
    assert (welcomed.event, welcomed.channel_id) == ("MESSAGE_CREATE", int(scene.general))
    [message] = (await bob.get(f"/channels/{scene.general}/messages")).json()
    assert (message["type"], message["author"]["id"]) == (7, bob.id)
    again = await bob.post(f"/invites/{code}")
    assert again.json()["new_member"] is False
    assert len(api.events("GUILD_MEMBER_ADD")) == 2
    [listed] = (await scene.owner.get(f"{scene.path}/invites")).json()
    assert listed["uses"] == 1


async def test_use_invite_twenty_times_at_once_makes_one_member(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    code = (await make_invite(scene, max_uses=2))["code"]
    bob = await api.register()
    answers = await asyncio.gather(*(bob.post(f"/invites/{code}") for _ in range(20)))
    assert {answer.status_code for answer in answers} == {200}
    assert [answer.json()["new_member"] for answer in answers].count(True) == 1
    assert [envelope.user_id for envelope in api.events("GUILD_MEMBER_ADD")].count(int(bob.id)) == 1
    [listed] = (await scene.owner.get(f"{scene.path}/invites")).json()
    assert listed["uses"] == 1


@pytest.mark.parametrize("fields", [{"system_channel_flags": 1}, {"system_channel_id": None}])
async def test_use_invite_without_welcome_sends_none(api: ApiUnderTest, fields: Any) -> None:
    scene = await Scene.build(api)
    await scene.owner.patch(scene.path, fields)
    bob = await scene.join()
    assert (await bob.get(f"/channels/{scene.general}/messages")).json() == []


async def test_use_invite_used_up_is_deleted_and_unknown(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    code = (await make_invite(scene, max_uses=2))["code"]
    people = [await api.register() for _ in range(5)]
    answers = await asyncio.gather(*(person.post(f"/invites/{code}") for person in people))
    assert sorted(answer.status_code for answer in answers) == [200, 200, 404, 404, 404]
    assert api.payloads("INVITE_DELETE") == [{"channel_id": scene.general, "guild_id": scene.id, "code": code}]
    assert error_code(await api.nobody.get(f"/invites/{code}")) == (404, 10006)
    counted = (await scene.owner.get(f"{scene.path}?with_counts=true")).json()
    assert counted["approximate_member_count"] == 3


async def test_expired_invite_is_unknown_and_goes_when_listed(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    old = Invite(
        code="oldold",
        guild_id=int(scene.id),
        channel_id=int(scene.general),
        inviter_id=int(scene.owner.id),
        created_ms=1,
    )
    async with api.store.write() as tx:
        await tx.invites.create(old)
    bob = await api.register()
    assert error_code(await bob.get("/invites/oldold")) == (404, 10006)
    assert error_code(await bob.post("/invites/oldold")) == (404, 10006)
    assert (await scene.owner.get(f"{scene.path}/invites")).json() == []
    assert [payload["code"] for payload in api.payloads("INVITE_DELETE")] == ["oldold"]


async def test_paused_invites_let_nobody_new_in(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    code = (await make_invite(scene))["code"]
    await scene.owner.patch(scene.path, {"features": ["INVITES_DISABLED"]})
    bob = await api.register()
    assert (await bob.post(f"/invites/{code}")).status_code == 403
    assert (await scene.owner.post(f"/invites/{code}")).status_code == 200


async def test_list_invites_is_for_managers(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    bob = await scene.join()
    invite = await make_invite(scene, unique=True)
    for path in (f"/channels/{scene.general}/invites", f"{scene.path}/invites"):
        assert error_code(await bob.get(path)) == (403, 50013)
        assert invite["code"] in [listed["code"] for listed in (await scene.owner.get(path)).json()]


async def test_delete_invite_is_for_managers_and_announced(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    bob = await scene.join()
    invite = await make_invite(scene, unique=True)
    path = f"/invites/{invite['code']}"
    assert error_code(await bob.delete(path)) == (403, 50013)
    assert (await scene.owner.delete(path)).json()["code"] == invite["code"]
    assert [payload["code"] for payload in api.payloads("INVITE_DELETE")] == [invite["code"]]
    assert error_code(await scene.owner.delete(path)) == (404, 10006)


async def test_deleted_channel_takes_its_invites_with_it(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    place = await scene.add_channel()
    code = (await scene.owner.post(f"/channels/{place['id']}/invites")).json()["code"]
    await scene.owner.delete(f"/channels/{place['id']}")
    assert error_code(await api.nobody.get(f"/invites/{code}")) == (404, 10006)


async def test_bots_cannot_use_invites(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    code = (await make_invite(scene))["code"]
    application = (await scene.owner.post("/applications", {"name": "Helper"})).json()
    token = (await scene.owner.post(f"/applications/{application['id']}/bot")).json()["token"]
    assert error_code(await api.actor(f"Bot {token}").post(f"/invites/{code}")) == (403, 20001)


async def test_roles_of_an_invite_are_given_to_who_joins(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    first, second = await scene.add_role(name="first"), await scene.add_role(name="second")
    invite = await make_invite(scene, role_ids=[second, int(first)])
    assert {role["name"] for role in invite["roles"]} == {"first", "second"}
    assert (await make_invite(scene, role_ids=[first, second]))["code"] == invite["code"]
    assert (await make_invite(scene))["code"] != invite["code"]
    assert len((await api.nobody.get(f"/invites/{invite['code']}")).json()["roles"]) == 2
    await scene.owner.delete(f"{scene.path}/roles/{second}")
    bob = await api.register()
    assert (await bob.post(f"/invites/{invite['code']}")).status_code == 200
    assert (await bob.get(f"/users/@me/guilds/{scene.id}/member")).json()["roles"] == [first]
    joined = api.payloads("GUILD_MEMBER_ADD")[-1]
    assert (joined["user"]["id"], joined["roles"]) == (bob.id, [first])


async def test_roles_of_an_invite_may_come_in_a_form(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    role = await scene.add_role(name="first")
    path = f"/channels/{scene.general}/invites"
    for form in (
        {"data": {"role_ids": role, "max_uses": "3"}},
        {"files": {"payload_json": (None, f'{{"role_ids": ["{role}"]}}')}},
    ):
        answer = await scene.owner.request("POST", path, **form)
        assert [shown["id"] for shown in answer.json()["roles"]] == [role]
    file = {"target_users_file": ("users.csv", b"1")}
    assert error_code(await scene.owner.request("POST", path, files=file)) == (501, 0)


async def test_roles_of_an_invite_need_the_right_to_give_them(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    bob = await scene.join()
    role = await scene.add_role(name="wanted")
    path = f"/channels/{scene.general}/invites"
    assert error_code(await bob.post(path, {"role_ids": [role]})) == (403, 50013)
    held = await scene.add_role(bob, permissions=Permission.MANAGE_ROLES)
    assert error_code(await bob.post(path, {"role_ids": [held]})) == (403, 50013)
    await scene.owner.patch(f"{scene.path}/roles", [{"id": held, "position": 2}, {"id": role, "position": 1}])
    assert (await bob.post(path, {"role_ids": [role]})).status_code == 200
    assert error_code(await bob.post(path, {"role_ids": ["1"]})) == (404, 10011)
    assert error_code(await bob.post(path, {"role_ids": [scene.id]})) == (404, 10011)
    assert (
        form_code(await bob.post(path, {"role_ids": [role, role]}), "role_ids", "1")
        == "SET_TYPE_ALREADY_CONTAINS_VALUE"
    )
    assert form_code(await bob.post(path, {"role_ids": "x"}), "role_ids") == "NUMBER_TYPE_COERCE"
    assert (await bob.post(path, {"role_ids": []})).status_code == 200
