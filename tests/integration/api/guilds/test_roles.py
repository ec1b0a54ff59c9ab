"""Roles: created, changed, ordered and deleted, and their hierarchy."""

from typing import Any

import pytest

from core.domain.events import Audience
from core.domain.guilds.permissions import DEFAULT_EVERYONE, Permission
from core.domain.guilds.role import Role
from tests.support.embedded_api import ApiUnderTest
from tests.support.embedded_data import AVATAR
from tests.support.guild_scene import Scene, error_code, form_code

PICTURE = AVATAR
MANAGE = int(Permission.MANAGE_ROLES)


async def test_create_role_without_body_is_a_plain_role_at_the_bottom(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    answer = await scene.owner.post(f"{scene.path}/roles")
    assert answer.status_code == 200, answer.text
    role = answer.json()
    assert (role["name"], role["permissions"], role["position"]) == ("new role", str(DEFAULT_EVERYONE), 1)
    [event] = api.events("GUILD_ROLE_CREATE")
    assert (event.audience, event.guild_id) == (Audience.GUILD, int(scene.id))
    assert api.payloads("GUILD_ROLE_CREATE") == [{"guild_id": scene.id, "role": role}]
    assert role in (await scene.owner.get(f"{scene.path}/roles")).json()
    assert (await scene.owner.get(f"{scene.path}/roles/{role['id']}")).json() == role


async def test_create_role_keeps_every_field(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    body = {
        "name": "Head", "permissions": "8", "color": 1, "colors": {"primary_color": 2, "secondary_color": 3},
        "hoist": True, "mentionable": 1, "unicode_emoji": "🌱", "icon": PICTURE,
    }  # fmt: skip
    role = (await scene.owner.post(f"{scene.path}/roles", body)).json()
    assert (role["name"], role["permissions"], role["color"]) == ("Head", "8", 2)
    assert role["colors"] == {"primary_color": 2, "secondary_color": 3, "tertiary_color": None}
    assert (role["hoist"], role["mentionable"], role["unicode_emoji"]) == (True, True, "🌱")
    assert role["icon"] is not None


@pytest.mark.parametrize(
    ("body", "path"),
    [({"name": "x" * 101}, "name"), ({"color": 0x1000000}, "color"), ({"permissions": -1}, "permissions"),
     ({"permissions": "many"}, "permissions"), ({"hoist": "so"}, "hoist"), ({"icon": "x"}, "icon"),
     ({"colors": 5}, "colors"), ({"unicode_emoji": "abc"}, "unicode_emoji"), ({"unicode_emoji": "🌱🌱"}, "unicode_emoji"),
     ({"unicode_emoji": "<:name:123>"}, "unicode_emoji"), ({"unicode_emoji": "7"}, "unicode_emoji")],
)  # fmt: skip
async def test_create_role_bad_body_names_the_field(api: ApiUnderTest, body: Any, path: str) -> None:
    scene = await Scene.build(api)
    assert form_code(await scene.owner.post(f"{scene.path}/roles", body), path)
    assert api.events("GUILD_ROLE_CREATE") == []


async def test_create_role_unknown_bits_are_dropped(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    role = (await scene.owner.post(f"{scene.path}/roles", {"permissions": str((1 << 70) | 8)})).json()
    assert role["permissions"] == "8"


async def test_create_role_needs_manage_roles_and_bits_of_ones_own(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    bob = await scene.join()
    path = f"{scene.path}/roles"
    assert error_code(await bob.post(path)) == (403, 50013)
    await scene.add_role(bob, permissions=MANAGE)
    assert (await bob.post(path)).status_code == 200
    assert (await bob.post(path, {"permissions": str(MANAGE)})).status_code == 200
    assert error_code(await bob.post(path, {"permissions": "8"})) == (403, 50013)


async def test_create_role_past_250_is_refused(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    async with api.store.write() as tx:
        for number in range(1, 249):
            await tx.roles.create(Role(id=number, guild_id=int(scene.id), name=f"r{number}"))
    await scene.add_role()
    assert error_code(await scene.owner.post(f"{scene.path}/roles")) == (400, 30005)
    bot = await api.make_bot(scene.owner)
    asked = f"/oauth2/authorize?client_id={bot.id}&scope=bot&permissions="
    body = {"guild_id": scene.id, "authorize": True}
    assert error_code(await scene.owner.post(f"{asked}8", body)) == (400, 30005)
    assert (await scene.owner.post(f"{asked}0", body)).status_code == 200
    assert len((await scene.owner.get(f"{scene.path}/roles")).json()) == 250


async def test_update_role_changes_given_fields_and_announces_them(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    role_id = await scene.add_role(name="old", color=5, unicode_emoji="🌱")
    path = f"{scene.path}/roles/{role_id}"
    updated = (await scene.owner.patch(path, {"name": "new", "permissions": 8, "unicode_emoji": None})).json()
    assert (updated["name"], updated["permissions"], updated["color"]) == ("new", "8", 5)
    assert updated["unicode_emoji"] is None
    assert api.payloads("GUILD_ROLE_UPDATE") == [{"guild_id": scene.id, "role": updated}]
    assert (await scene.owner.patch(path, {"name": None})).json() == updated
    assert len(api.events("GUILD_ROLE_UPDATE")) == 1


async def test_update_role_of_everyone_changes_permissions_alone(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    path = f"{scene.path}/roles/{scene.id}"
    changed = await scene.owner.patch(path, {"permissions": "1024", "name": "@everyone", "hoist": False})
    assert changed.json()["permissions"] == "1024"
    assert error_code(await scene.owner.patch(path, {"name": "all"})) == (400, 50028)


async def test_update_role_respects_hierarchy_and_grants(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    bob = await scene.join()
    low = await scene.add_role(permissions=8)
    own = await scene.add_role(bob, permissions=MANAGE, position=2)
    high = await scene.add_role(position=3)
    roles = f"{scene.path}/roles"
    assert (await bob.patch(f"{roles}/{low}", {"name": "renamed"})).status_code == 200
    assert error_code(await bob.patch(f"{roles}/{own}", {"name": "x"})) == (403, 50013)
    assert error_code(await bob.patch(f"{roles}/{high}", {"name": "x"})) == (403, 50013)
    assert error_code(await bob.patch(f"{roles}/{low}", {"permissions": "0"})) == (403, 50013)
    assert error_code(await bob.patch(f"{roles}/{low}", {"permissions": "12"})) == (403, 50013)
    kept = await bob.patch(f"{roles}/{low}", {"permissions": str(8 | MANAGE)})
    assert kept.status_code == 200
    assert error_code(await bob.patch(f"{roles}/1", {"name": "x"})) == (404, 10011)


async def test_delete_role_takes_it_from_members_and_announces_it(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    bob = await scene.join()
    role_id = await scene.add_role(bob)
    path = f"{scene.path}/roles/{role_id}"
    assert error_code(await bob.delete(path)) == (403, 50013)
    assert (await scene.owner.delete(path)).status_code == 204
    assert api.payloads("GUILD_ROLE_DELETE") == [{"guild_id": scene.id, "role_id": role_id}]
    assert (await bob.get(f"{scene.path}/members/{bob.id}")).json()["roles"] == []
    assert error_code(await scene.owner.get(path)) == (404, 10011)
    assert error_code(await scene.owner.delete(path)) == (404, 10011)
    assert error_code(await scene.owner.delete(f"{scene.path}/roles/{scene.id}")) == (400, 50028)


async def test_move_roles_renumbers_and_answers_all(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    first, second, third = [await scene.add_role() for _ in range(3)]
    answer = await scene.owner.patch(
        f"{scene.path}/roles", [{"id": first, "position": 1}, {"id": third, "position": 3}]
    )
    assert answer.status_code == 200, answer.text
    places = {role["id"]: role["position"] for role in answer.json()}
    assert places == {scene.id: 0, first: 1, second: 2, third: 3}
    announced = {event["role"]["id"]: event["role"]["position"] for event in api.payloads("GUILD_ROLE_UPDATE")}
    assert announced == {second: 2, third: 3}
    assert (await scene.owner.get(f"{scene.path}/roles")).json() == answer.json()


async def test_move_roles_below_ones_own_only(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    bob = await scene.join()
    low, mid = await scene.add_role(position=1), await scene.add_role(position=2)
    own = await scene.add_role(bob, permissions=MANAGE, position=3)
    high = await scene.add_role(position=4)
    path = f"{scene.path}/roles"
    assert (await bob.patch(path, [{"id": low, "position": 2}, {"id": mid, "position": 1}])).status_code == 200
    assert error_code(await bob.patch(path, [{"id": low, "position": 3}])) == (403, 50013)
    assert error_code(await bob.patch(path, [{"id": own, "position": 1}])) == (403, 50013)
    assert error_code(await bob.patch(path, [{"id": high, "position": 1}])) == (403, 50013)
    assert error_code(await scene.owner.patch(path, [{"id": "1", "position": 1}])) == (404, 10011)
    assert error_code(await scene.owner.patch(path, [{"id": scene.id, "position": 2}])) == (400, 50028)
    assert form_code(await scene.owner.patch(path, [{"id": low, "position": "x"}]), "0", "position")


async def test_role_member_counts_leave_everyone_out(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    bob, carol = await scene.join(), await scene.join()
    both, none = await scene.add_role(bob, carol), await scene.add_role()
    assert (await bob.get(f"{scene.path}/roles/member-counts")).json() == {both: 2, none: 0}
    named = (await bob.get(f"{scene.path}/roles/{both}/member-ids")).json()
    assert (len(named), bob.id in named, named) == (2, True, sorted(named, key=int))
    assert (await bob.get(f"{scene.path}/roles/{none}/member-ids")).json() == []
    assert error_code(await bob.get(f"{scene.path}/roles/1/member-ids")) == (404, 10011)
    assert error_code(await (await api.register()).get(f"{scene.path}/roles/{both}/member-ids")) == (404, 10004)


async def test_roles_of_strange_guild_are_not_shown(api: ApiUnderTest) -> None:
    scene, other = await Scene.build(api), await Scene.build(api)
    role_id = await scene.add_role()
    assert error_code(await other.owner.get(f"{scene.path}/roles")) == (404, 10004)
    assert error_code(await other.owner.get(f"{other.path}/roles/{role_id}")) == (404, 10011)
    assert error_code(await other.owner.patch(f"{other.path}/roles/{role_id}", {"name": "x"})) == (404, 10011)
