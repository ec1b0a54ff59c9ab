"""Members: shown, searched, changed, kicked and pruned."""

import datetime as dt
import time
from typing import Any

import pytest

from core.domain.guilds.permissions import Permission
from core.domain.people.user import Account, User
from tests.support.embedded_api import ApiUnderTest
from tests.support.guild_scene import Scene, error_code, form_code
from tests.support.stores.held_writer import HeldWriter


def in_days(days: float) -> str:
    return (dt.datetime.now(dt.UTC) + dt.timedelta(days=days)).isoformat()


async def test_get_member_tells_unknown_member_from_unknown_user(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    stranger = await api.register()
    shown = (await scene.owner.get(f"{scene.path}/members/{scene.owner.id}")).json()
    assert (shown["user"]["id"], shown["roles"], shown["nick"]) == (scene.owner.id, [], None)
    assert error_code(await scene.owner.get(f"{scene.path}/members/{stranger.id}")) == (404, 10007)
    assert error_code(await scene.owner.get(f"{scene.path}/members/1")) == (404, 10013)
    assert error_code(await stranger.get(f"{scene.path}/members/{scene.owner.id}")) == (404, 10004)


async def test_list_members_pages_by_ascending_id(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    everybody = sorted([int(scene.owner.id), *[int((await scene.join()).id) for _ in range(4)]])
    seen: list[int] = []
    while True:
        after = seen[-1] if seen else 0
        page = (await scene.owner.get(f"{scene.path}/members?limit=2&after={after}")).json()
        if not page:
            break
        seen += [int(member["user"]["id"]) for member in page]
    assert seen == everybody
    assert len((await scene.owner.get(f"{scene.path}/members")).json()) == 1
    for limit in ("0", "1001", "x"):
        assert form_code(await scene.owner.get(f"{scene.path}/members?limit={limit}"), "limit")


async def test_list_members_wants_bots_to_have_the_members_intent(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    application = (await scene.owner.post("/applications", {"name": "Helper"})).json()
    token = (await scene.owner.post(f"/applications/{application['id']}/bot")).json()["token"]
    query = f"client_id={application['id']}&scope=bot&permissions=0"
    await scene.owner.post(f"/oauth2/authorize?{query}", {"guild_id": scene.id, "authorize": True})
    bot = api.actor(f"Bot {token}")
    assert len((await bot.get(f"{scene.path}/members?limit=5")).json()) == 2
    async with api.store.write() as tx:
        await tx.applications.update(int(application["id"]), {"flags": 0})
    assert error_code(await bot.get(f"{scene.path}/members")) == (403, 50001)


async def test_search_members_finds_prefixes_of_names(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    rose = await api.register("rosemary")
    await scene.bring_in(rose)
    path = f"{scene.path}/members/search"
    found = (await scene.owner.get(path, params={"query": "ROSE", "limit": 5})).json()
    assert [member["user"]["id"] for member in found] == [rose.id]
    await rose.patch(f"{scene.path}/members/@me", {"nick": "Thyme"})
    assert len((await scene.owner.get(path, params={"query": "thy"})).json()) == 1
    assert (await scene.owner.get(path, params={"query": "%"})).json() == []
    assert form_code(await scene.owner.get(path), "query") == "BASE_TYPE_REQUIRED"
    assert form_code(await scene.owner.get(path, params={"query": ""}), "query") == "BASE_TYPE_REQUIRED"
    assert form_code(await scene.owner.get(path, params={"query": "x" * 101}), "query") == "BASE_TYPE_MAX_LENGTH"


async def test_update_member_nick_and_roles_are_announced_once(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    bob = await scene.join()
    role_id = await scene.add_role()
    path = f"{scene.path}/members/{bob.id}"
    answer = await scene.owner.patch(path, {"nick": "Bobby", "roles": [role_id, scene.id], "mute": None})
    assert answer.status_code == 200, answer.text
    member = answer.json()
    assert (member["nick"], member["roles"], member["user"]["id"]) == ("Bobby", [role_id], bob.id)
    [event] = api.events("GUILD_MEMBER_UPDATE")
    assert event.user_id == int(bob.id)
    assert api.payloads("GUILD_MEMBER_UPDATE") == [{**member, "id": bob.id, "guild_id": scene.id}]
    again = await scene.owner.patch(path, {"nick": "Bobby", "roles": [role_id]})
    assert again.json() == member
    assert len(api.events("GUILD_MEMBER_UPDATE")) == 1
    assert (await scene.owner.patch(path, {"nick": "", "roles": []})).json()["nick"] is None


@pytest.mark.parametrize(
    ("body", "path"),
    [({"nick": "x" * 33}, "nick"), ({"nick": 5}, "nick"), ({"roles": "all"}, "roles"),
     ({"communication_disabled_until": "soon"}, "communication_disabled_until"),
     ({"communication_disabled_until": in_days(29)}, "communication_disabled_until"), ({"flags": "x"}, "flags")],
)  # fmt: skip
async def test_update_member_bad_body_names_the_field(api: ApiUnderTest, body: Any, path: str) -> None:
    scene = await Scene.build(api)
    bob = await scene.join()
    assert form_code(await scene.owner.patch(f"{scene.path}/members/{bob.id}", body), path)
    assert api.events("GUILD_MEMBER_UPDATE") == []


async def test_update_member_nick_needs_permission_and_rank(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    bob, carol = await scene.join(), await scene.join()
    path = f"{scene.path}/members"
    assert error_code(await bob.patch(f"{path}/{carol.id}", {"nick": "x"})) == (403, 50013)
    await scene.add_role(bob, permissions=Permission.MANAGE_NICKNAMES)
    assert (await bob.patch(f"{path}/{carol.id}", {"nick": "x"})).status_code == 200
    await scene.add_role(carol, position=2)
    assert error_code(await bob.patch(f"{path}/{carol.id}", {"nick": "y"})) == (403, 50013)
    assert error_code(await bob.patch(f"{path}/{scene.owner.id}", {"nick": "y"})) == (403, 50013)


async def test_update_member_roles_only_below_ones_own(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    bob, carol = await scene.join(), await scene.join()
    low = await scene.add_role(position=1)
    await scene.add_role(bob, permissions=Permission.MANAGE_ROLES, position=2)
    high = await scene.add_role(carol, position=3)
    path = f"{scene.path}/members/{carol.id}"
    assert (await bob.patch(path, {"roles": [high, low]})).json()["roles"] == sorted([low, high], key=int)
    assert error_code(await bob.patch(path, {"roles": [low]})) == (403, 50013)
    assert error_code(await bob.patch(path, {"roles": [high, "1"]})) == (404, 10011)
    assert (await bob.put(f"{scene.path}/members/{bob.id}/roles/{low}")).status_code == 204
    assert error_code(await bob.put(f"{scene.path}/members/{bob.id}/roles/{high}")) == (403, 50013)


async def test_member_role_put_and_delete_are_idempotent(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    bob = await scene.join()
    role_id = await scene.add_role()
    path = f"{scene.path}/members/{bob.id}/roles/{role_id}"
    for _ in range(2):
        assert (await scene.owner.put(path)).status_code == 204
    assert [payload["roles"] for payload in api.payloads("GUILD_MEMBER_UPDATE")] == [[role_id]]
    for _ in range(2):
        assert (await scene.owner.delete(path)).status_code == 204
    assert [payload["roles"] for payload in api.payloads("GUILD_MEMBER_UPDATE")] == [[role_id], []]
    assert error_code(await bob.put(path)) == (403, 50013)
    assert error_code(await scene.owner.put(f"{scene.path}/members/{bob.id}/roles/1")) == (404, 10011)
    assert error_code(await scene.owner.put(f"{scene.path}/members/1/roles/{role_id}")) == (404, 10013)
    for verb in (scene.owner.put, scene.owner.delete):
        assert error_code(await verb(f"{scene.path}/members/{bob.id}/roles/{scene.id}")) == (404, 10011)


async def test_timeout_is_bounded_lifted_and_not_for_administrators(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    bob, carol = await scene.join(), await scene.join()
    await scene.add_role(bob, permissions=Permission.MODERATE_MEMBERS, position=2)
    path = f"{scene.path}/members/{carol.id}"
    until = in_days(1)
    shown = (await bob.patch(path, {"communication_disabled_until": until})).json()["communication_disabled_until"]
    assert abs(dt.datetime.fromisoformat(shown) - dt.datetime.fromisoformat(until)) < dt.timedelta(seconds=1)
    assert error_code(await carol.post(f"/channels/{scene.general}/messages", {"content": "hi"})) == (403, 50013)
    lifted = await bob.patch(path, {"communication_disabled_until": None})
    assert lifted.json()["communication_disabled_until"] is None
    assert (await carol.post(f"/channels/{scene.general}/messages", {"content": "hi"})).status_code == 200
    await scene.add_role(carol, permissions=Permission.ADMINISTRATOR, position=1)
    assert error_code(await bob.patch(path, {"communication_disabled_until": until})) == (403, 50013)
    assert error_code(await carol.patch(path, {"communication_disabled_until": until})) == (403, 50013)
    own = f"{scene.path}/members/{scene.owner.id}"
    assert error_code(await bob.patch(own, {"communication_disabled_until": until})) == (403, 50013)


async def test_update_member_voice_wants_somebody_in_voice(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    bob = await scene.join()
    path = f"{scene.path}/members/{bob.id}"
    for body in ({"mute": True}, {"deaf": True}, {"channel_id": scene.general}, {"channel_id": None}):
        assert error_code(await bob.patch(f"{scene.path}/members/{scene.owner.id}", body)) == (403, 50013)
        assert error_code(await scene.owner.patch(path, body)) == (400, 40032)
    assert (await scene.owner.patch(path, {"mute": False, "deaf": False})).status_code == 200


async def test_update_member_flags_keep_to_the_one_that_people_set(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    bob = await scene.join()
    path = f"{scene.path}/members/{bob.id}"
    assert error_code(await bob.patch(path, {"flags": 4})) == (403, 50013)
    assert form_code(await scene.owner.patch(path, {"flags": 4 | 2}), "flags") == "BASE_TYPE_CHOICES"
    assert (await scene.owner.patch(path, {"flags": 4})).json()["flags"] == 4
    async with api.store.write() as tx:
        await tx.members.update(int(scene.id), int(bob.id), {"flags": 4 | 1})
    assert (await scene.owner.patch(path, {"flags": 1})).json()["flags"] == 1, "what is read can be sent back"
    assert (await scene.owner.patch(path, {"flags": 0})).json()["flags"] == 1, "others are not taken by clients"


async def test_update_own_member_needs_change_nickname(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    bob = await scene.join()
    answer = await bob.patch(f"{scene.path}/members/@me", {"nick": "Bobby", "bio": "grows things"})
    assert (answer.json()["nick"], answer.json()["bio"]) == ("Bobby", "grows things")
    assert (await bob.patch(f"{scene.path}/members/@me/nick", {"nick": None})).json()["nick"] is None
    await scene.owner.patch(f"{scene.path}/roles/{scene.id}", {"permissions": str(int(Permission.VIEW_CHANNEL))})
    assert error_code(await bob.patch(f"{scene.path}/members/@me", {"nick": "x"})) == (403, 50013)
    assert form_code(await bob.patch(f"{scene.path}/members/@me", {"avatar": "x"}), "avatar")


async def test_kick_needs_permission_and_rank_and_lets_come_back(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    bob, carol = await scene.join(), await scene.join()
    path = f"{scene.path}/members"
    assert error_code(await bob.delete(f"{path}/{carol.id}")) == (403, 50013)
    await scene.add_role(bob, permissions=Permission.KICK_MEMBERS)
    assert error_code(await bob.delete(f"{path}/{scene.owner.id}")) == (403, 50013)
    assert error_code(await bob.delete(f"{path}/{bob.id}")) == (403, 50013)
    assert (await bob.delete(f"{path}/{carol.id}")).status_code == 204
    [removed] = api.payloads("GUILD_MEMBER_REMOVE")
    assert (removed["guild_id"], removed["user"]["id"]) == (scene.id, carol.id)
    assert error_code(await bob.delete(f"{path}/{carol.id}")) == (404, 10007)
    assert error_code(await carol.get(scene.path)) == (404, 10004)
    await scene.bring_in(carol)
    assert (await carol.get(scene.path)).status_code == 200


async def test_kicked_bot_takes_its_managed_role_with_it(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    application = (await scene.owner.post("/applications", {"name": "Helper"})).json()
    assert (await scene.owner.post(f"/applications/{application['id']}/bot")).status_code == 200
    query = f"client_id={application['id']}&scope=bot&permissions=8"
    answer = await scene.owner.post(f"/oauth2/authorize?{query}", {"guild_id": scene.id, "authorize": True})
    assert answer.status_code == 200, answer.text
    [role] = [role for role in (await scene.owner.get(f"{scene.path}/roles")).json() if role["managed"]]
    assert error_code(await scene.owner.delete(f"{scene.path}/roles/{role['id']}")) == (400, 50028)
    given = await scene.owner.put(f"{scene.path}/members/{scene.owner.id}/roles/{role['id']}")
    assert error_code(given) == (400, 50028)
    assert (await scene.owner.delete(f"{scene.path}/members/{application['id']}")).status_code == 204
    assert api.payloads("GUILD_ROLE_DELETE") == [{"guild_id": scene.id, "role_id": role["id"]}]
    assert [role["id"] for role in (await scene.owner.get(f"{scene.path}/roles")).json()] == [scene.id]


async def test_put_member_is_not_built(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    stranger = await api.register()
    answer = await scene.owner.put(f"{scene.path}/members/{stranger.id}", {"access_token": "x"})
    assert answer.status_code == 501


async def test_prune_counts_and_removes_only_inactive_members_without_roles(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    active = await scene.join()
    role_id = await scene.add_role()
    await add_sleeper(api, scene, 1)
    await add_sleeper(api, scene, 2, role_id)
    path = f"{scene.path}/prune"
    assert (await scene.owner.get(path)).json() == {"pruned": 1}
    assert (await scene.owner.get(f"{path}?days=30")).json() == {"pruned": 1}
    assert (await scene.owner.get(f"{path}?include_roles={role_id}")).json() == {"pruned": 2}
    assert error_code(await active.get(path)) == (403, 50013)
    assert form_code(await scene.owner.get(f"{path}?days=31"), "days")
    assert form_code(await scene.owner.get(f"{path}?include_roles=x"), "include_roles")
    assert form_code(await scene.owner.post(path, {"days": 0}), "days")
    assert (await scene.owner.post(path, {"days": 7, "compute_prune_count": False})).json() == {"pruned": None}
    assert [payload["user"]["id"] for payload in api.payloads("GUILD_MEMBER_REMOVE")] == ["1"]
    assert (await scene.owner.post(path, {"include_roles": [role_id]})).json() == {"pruned": 1}
    assert (await scene.owner.post(path)).json() == {"pruned": 0}


async def test_member_who_becomes_the_owner_meanwhile_is_not_pruned(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    await add_sleeper(api, scene, 1)
    manager = await scene.join()
    await scene.add_role(manager, permissions=Permission.KICK_MEMBERS | Permission.MANAGE_GUILD)
    answer = await HeldWriter(api).answer_to(
        manager,
        "POST",
        f"{scene.path}/prune",
        {"days": 1},
        meanwhile=lambda tx: tx.guilds.update(int(scene.id), {"owner_id": 1}),
    )
    assert answer.json() == {"pruned": 0}


@pytest.mark.parametrize(
    ("query", "body", "pruned", "left"),
    [
        ("days=30&compute_prune_count=false", None, None, {2}),
        ("days=7&include_roles={role}", None, 2, set()),
        ("days=7&include_roles={role}&include_roles={other}", None, 2, set()),
        ("include_roles={role},{other}&compute_prune_count=true", {"compute_prune_count": False}, None, set()),
        ("days=99", {"include_roles": "{role}"}, "days", {1, 2}),
        ("days=0", None, "days", {1, 2}),
        ("days=x", None, "days", {1, 2}),
        ("compute_prune_count=x", None, "compute_prune_count", {1, 2}),
        ("include_roles=x", None, "include_roles", {1, 2}),
    ],
)
async def test_prune_is_told_by_query_too(
    api: ApiUnderTest, query: str, body: dict[str, Any] | None, pruned: int | str | None, left: set[int]
) -> None:
    scene = await Scene.build(api)
    role, other = await scene.add_role(), await scene.add_role()
    await add_sleeper(api, scene, 1)
    await add_sleeper(api, scene, 2, role)
    path = f"{scene.path}/prune?{query.format(role=role, other=other)}"
    answer = await scene.owner.post(path) if body is None else await scene.owner.post(path, body)
    if isinstance(pruned, str):
        assert form_code(answer, pruned)
    else:
        assert answer.json() == {"pruned": pruned}
    members = (await scene.owner.get(f"{scene.path}/members?limit=100")).json()
    assert {int(member["user"]["id"]) for member in members} & {1, 2} == left


async def test_prune_by_query_asks_for_days_since_somebody_was_seen(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    await add_sleeper(api, scene, 1, joined_ms=int(time.time() * 1000) - 10 * 86_400_000)
    assert (await scene.owner.post(f"{scene.path}/prune?days=30")).json() == {"pruned": 0}
    assert (await scene.owner.post(f"{scene.path}/prune?days=30", {"days": 9})).json() == {"pruned": 1}


async def add_sleeper(api: ApiUnderTest, scene: Scene, user_id: int, *role_ids: str, joined_ms: int = 0) -> None:
    """A member who joined long ago and was never seen."""
    sleeper = Account(user=User(id=user_id, username=f"sleeper{user_id}"), email=f"{user_id}@example.org")
    async with api.store.write() as tx:
        await tx.users.create(sleeper)
        await tx.members.add(
            int(scene.id), user_id, joined_ms=joined_ms, role_ids=[int(role_id) for role_id in role_ids]
        )
