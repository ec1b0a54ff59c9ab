"""Escalations by a detour: no request gives rights that its sender lacks, or shows and changes hidden things."""

import datetime as dt
from typing import Any

import pytest

from core.domain.guilds.permissions import Permission
from tests.support.embedded_api import Actor, ApiUnderTest
from tests.support.guild_scene import JsonObject, Scene, error_code, form_code

VIEW = str(int(Permission.VIEW_CHANNEL))
MANAGE_CHANNELS, MANAGE_ROLES = Permission.MANAGE_CHANNELS, Permission.MANAGE_ROLES


def closed(scene: Scene, **fields: Any) -> JsonObject:
    """Fields of a channel that only the owner may view."""
    return {"permission_overwrites": [{"id": scene.id, "type": 0, "allow": "0", "deny": VIEW}], **fields}


async def overwrites_of(scene: Scene, channel: JsonObject) -> list[JsonObject]:
    shown: list[JsonObject] = (await scene.owner.get(f"/channels/{channel['id']}")).json()["permission_overwrites"]
    return shown


async def move(caller: Actor, scene: Scene, *forms: JsonObject) -> Any:
    return await caller.patch(f"{scene.path}/channels", list(forms))


async def test_lock_permissions_needs_manage_roles(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    category = await scene.add_channel("open", type=4)
    secretive = {"id": scene.id, "type": 0, "allow": "0", "deny": str(int(Permission.SEND_MESSAGES))}
    channel = await scene.add_channel("quiet", parent_id=category["id"], permission_overwrites=[secretive])
    bob = await scene.join()
    await scene.add_role(bob, permissions=MANAGE_CHANNELS)
    lock = {"id": channel["id"], "lock_permissions": True}
    assert error_code(await move(bob, scene, lock)) == (403, 50013)
    assert await overwrites_of(scene, channel) == [secretive]
    await scene.add_role(bob, permissions=MANAGE_ROLES)
    assert (await move(bob, scene, lock)).status_code == 204
    assert await overwrites_of(scene, channel) == []


async def test_lock_permissions_passes_on_only_what_one_has(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    bob = await scene.join()
    role = await scene.add_role(bob, permissions=MANAGE_CHANNELS | MANAGE_ROLES)
    strong = {"id": role, "type": 0, "allow": str(int(Permission.MANAGE_MESSAGES)), "deny": "0"}
    category = await scene.add_channel("strong", type=4, permission_overwrites=[strong])
    channel = await scene.add_channel("weak", parent_id=category["id"], permission_overwrites=[])
    assert error_code(await move(bob, scene, {"id": channel["id"], "lock_permissions": True})) == (403, 50013)
    assert await overwrites_of(scene, channel) == []


async def test_what_one_may_not_view_one_may_not_move_edit_delete_or_copy(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    hidden = await scene.add_channel("hidden", **closed(scene))
    vault = await scene.add_channel("vault", type=4, **closed(scene))
    inside = await scene.add_channel("inside", parent_id=vault["id"], permission_overwrites=[])
    bob = await scene.join()
    await scene.add_role(bob, permissions=MANAGE_CHANNELS | MANAGE_ROLES | Permission.MANAGE_GUILD)
    before = await scene.owner.get(f"{scene.path}/channels")
    path = f"/channels/{hidden['id']}"
    for refused in (
        await move(bob, scene, {"id": hidden["id"], "position": 0}),
        await move(bob, scene, {"id": hidden["id"], "parent_id": None, "lock_permissions": True}),
        await move(bob, scene, {"id": scene.general, "parent_id": vault["id"]}),
        await move(bob, scene, {"id": inside["id"], "lock_permissions": True}),
        await bob.patch(path, {"name": "mine"}),
        await bob.patch(f"/channels/{scene.general}", {"parent_id": vault["id"]}),
        await bob.post(f"{scene.path}/channels", {"name": "copy", "parent_id": vault["id"]}),
        await bob.put(f"{path}/permissions/{bob.id}", {"type": 1, "allow": VIEW}),
        await bob.delete(f"{path}/permissions/{scene.id}"),
        await bob.post(f"{path}/invites"),
        await bob.delete(path),
    ):
        assert error_code(refused) == (403, 50001)
    for field in ("system_channel_id", "rules_channel_id", "public_updates_channel_id", "safety_alerts_channel_id"):
        assert form_code(await bob.patch(scene.path, {field: hidden["id"]}), field) == "CHANNEL_TYPE_INVALID"
    assert (await scene.owner.get(f"{scene.path}/channels")).json() == before.json()


async def test_moving_a_channel_needs_manage_channels_in_both_places(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    bob = await scene.join()
    await scene.add_role(bob, permissions=MANAGE_CHANNELS)
    refuses = {"id": bob.id, "type": 1, "allow": "0", "deny": str(int(MANAGE_CHANNELS))}
    guarded = await scene.add_channel("guarded", type=4, permission_overwrites=[refuses])
    fixed = await scene.add_channel("fixed", permission_overwrites=[refuses])
    place = await scene.add_channel("place", type=4)
    assert error_code(await move(bob, scene, {"id": scene.general, "parent_id": guarded["id"]})) == (403, 50013)
    assert error_code(await move(bob, scene, {"id": fixed["id"], "parent_id": place["id"]})) == (403, 50013)
    assert error_code(await bob.patch(f"/channels/{scene.general}", {"parent_id": guarded["id"]})) == (403, 50013)
    assert (await bob.patch(f"/channels/{scene.general}", {"parent_id": place["id"]})).status_code == 200


async def test_only_one_channel_changes_its_parent_at_a_time(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    place = await scene.add_channel("place", type=4)
    here = await scene.add_channel("here", parent_id=place["id"])
    two, three = await scene.add_channel("two"), await scene.add_channel("three")
    both = [{"id": each["id"], "parent_id": place["id"]} for each in (two, three)]
    assert error_code(await move(scene.owner, scene, *both)) == (400, 40009)
    assert api.events("CHANNEL_UPDATE") == []
    same = {"id": here["id"], "parent_id": place["id"], "position": 7}
    assert (await move(scene.owner, scene, same, both[0])).status_code == 204


async def test_synced_channels_follow_their_category(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    bob = await scene.join()
    category = await scene.add_channel("rooms", type=4)
    synced = [await scene.add_channel(name, parent_id=category["id"]) for name in ("one", "two")]
    own = {"id": scene.id, "type": 0, "allow": VIEW, "deny": "0"}
    other = await scene.add_channel("other", parent_id=category["id"], permission_overwrites=[own])
    path = f"/channels/{category['id']}"

    await scene.owner.put(f"{path}/permissions/{scene.id}", {"type": 0, "deny": VIEW})
    told = api.payloads("CHANNEL_UPDATE")
    assert [channel["id"] for channel in told] == [category["id"], *(channel["id"] for channel in synced)]
    assert all(channel["permission_overwrites"] == told[0]["permission_overwrites"] for channel in told)
    for channel in synced:
        assert error_code(await bob.get(f"/channels/{channel['id']}")) == (403, 50001)
    assert await overwrites_of(scene, other) == [own]

    await scene.owner.delete(f"{path}/permissions/{scene.id}")
    assert (await bob.get(f"/channels/{synced[0]['id']}")).status_code == 200
    await scene.owner.patch(path, closed(scene))
    assert error_code(await bob.get(f"/channels/{synced[1]['id']}")) == (403, 50001)
    assert len(api.payloads("CHANNEL_UPDATE")) == 9


@pytest.mark.parametrize("feature", ["COMMUNITY", "DISCOVERABLE"])
async def test_community_and_discoverable_are_switched_by_administrators(api: ApiUnderTest, feature: str) -> None:
    scene = await Scene.build(api)
    manager, administrator = await scene.join(), await scene.join()
    await scene.add_role(manager, permissions=Permission.MANAGE_GUILD)
    await scene.add_role(administrator, permissions=Permission.ADMINISTRATOR)
    assert error_code(await manager.patch(scene.path, {"features": [feature]})) == (403, 50013)
    needed = dict.fromkeys(("rules_channel_id", "public_updates_channel_id"), scene.general)
    wanted = {"features": [feature], **(needed if feature == "COMMUNITY" else {})}
    assert (await administrator.patch(scene.path, wanted)).json()["features"] == [feature]
    kept = {"features": [feature, "INVITES_DISABLED"], "name": "Renamed"}
    assert (await manager.patch(scene.path, kept)).json()["name"] == "Renamed"
    assert error_code(await manager.patch(scene.path, {"features": []})) == (403, 50013)


async def test_channels_that_a_community_needs_stay(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    updates, news = await scene.add_channel("updates"), await scene.add_channel("news", type=5)
    needed = {"rules_channel_id": scene.general, "public_updates_channel_id": updates["id"]}
    for field in needed:
        given = {name: channel_id for name, channel_id in needed.items() if name != field}
        refused = await scene.owner.patch(scene.path, {"features": ["COMMUNITY"], **given})
        assert form_code(refused, field) == "BASE_TYPE_REQUIRED"
    assert (await scene.owner.patch(scene.path, {"features": ["COMMUNITY"], **needed})).status_code == 200
    for field, channel_id in needed.items():
        assert error_code(await scene.owner.delete(f"/channels/{channel_id}")) == (400, 50074)
        assert form_code(await scene.owner.patch(scene.path, {field: None}), field) == "BASE_TYPE_REQUIRED"
        assert error_code(await scene.owner.patch(f"/channels/{channel_id}", {"type": 5})) == (400, 50086)
        assert error_code(await scene.owner.patch(scene.path, {field: news["id"]})) == (400, 50086)
    await scene.owner.patch(scene.path, {"features": []})
    assert (await scene.owner.delete(f"/channels/{scene.general}")).status_code == 200


async def test_manage_roles_by_overwrite_is_passed_on_there_alone(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    bob, carol = await scene.join(), await scene.join()
    elsewhere = await scene.add_channel("elsewhere")
    by_role = await scene.add_role(bob, permissions=MANAGE_ROLES)
    grant = {"type": 1, "allow": str(int(MANAGE_ROLES))}
    path = f"/channels/{{}}/permissions/{carol.id}"
    assert error_code(await bob.put(path.format(scene.general), grant)) == (403, 50013)
    await scene.owner.put(f"/channels/{scene.general}/permissions/{by_role}", {**grant, "type": 0})
    assert (await bob.put(path.format(scene.general), grant)).status_code == 204
    assert error_code(await bob.put(path.format(elsewhere["id"]), grant)) == (403, 50013)


@pytest.mark.parametrize("kind", [2, 13])
async def test_text_of_a_voice_channel_needs_connect(api: ApiUnderTest, kind: int) -> None:
    scene = await Scene.build(api)
    bob = await scene.join()
    talk = await scene.add_channel("talk", type=kind)
    path = f"/channels/{talk['id']}"
    own = (await bob.post(f"{path}/messages", {"content": "hello"})).json()
    await scene.owner.put(f"{path}/permissions/{bob.id}", {"type": 1, "deny": str(int(Permission.CONNECT))})
    assert (await bob.get(path)).status_code == 200
    message = f"{path}/messages/{own['id']}"
    for refused in (
        await bob.post(f"{path}/messages", {"content": "again"}),
        await bob.get(f"{path}/messages"),
        await bob.get(message),
        await bob.patch(message, {"content": "changed"}),
        await bob.delete(message),
        await bob.post(f"{path}/messages/bulk-delete", {"messages": [own["id"], "1"]}),
        await bob.post(f"{path}/typing"),
    ):
        assert error_code(refused) == (403, 50001)


async def test_audit_log_readers_are_not_told_how_invites_are_used(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    reader, manager = await scene.join(), await scene.join()
    await scene.add_role(reader, permissions=Permission.VIEW_AUDIT_LOG)
    await scene.add_role(manager, permissions=Permission.MANAGE_GUILD)
    metadata = {"uses", "max_uses", "max_age", "temporary", "created_at"}
    for caller, shown in ((reader, set[str]()), (manager, metadata)):
        [invite] = (await caller.get(f"{scene.path}/invites")).json()
        assert metadata & invite.keys() == shown


async def test_guild_of_others_answers_as_one_that_is_not_there(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    invite = (await scene.owner.post(f"/channels/{scene.general}/invites")).json()
    stranger = await api.register()
    for method, rest in (
        ("GET", ""), ("PATCH", ""), ("POST", "/delete"), ("GET", "/channels"), ("POST", "/channels"), ("GET", "/roles"),
        ("POST", "/roles"), ("GET", "/members"), ("GET", "/members/search?query=a"), ("GET", "/bans"), ("GET", "/invites"),
        ("GET", "/prune"), ("GET", "/vanity-url"), ("GET", "/preview"), ("PUT", f"/bans/{stranger.id}"),
        ("PATCH", f"/members/{stranger.id}"), ("DELETE", f"/members/{stranger.id}"),
    ):  # fmt: skip
        body = {"name": "name"} if method != "GET" else None
        for path in (scene.path, "/guilds/1"):
            answer = await stranger.request(method, path + rest, json=body)
            assert error_code(answer) == (404, 10004), (method, path + rest, answer.text)
    assert error_code(await stranger.get(f"/channels/{scene.general}")) == (403, 50001)
    assert error_code(await stranger.delete(f"/invites/{invite['code']}")) == (403, 50013)


async def test_overwrite_is_not_turned_to_another_kind_of_target(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    bob = await scene.join()
    allowed = str(int(Permission.VIEW_CHANNEL | MANAGE_CHANNELS))
    hidden = {"id": scene.id, "type": 0, "allow": "0", "deny": VIEW}
    own = {"id": bob.id, "type": 1, "allow": allowed, "deny": "0"}
    vault = await scene.add_channel("vault", permission_overwrites=[hidden, own])
    path = f"/channels/{vault['id']}"
    turned = {"permission_overwrites": [{**hidden, "type": 1}, own]}
    for caller in (bob, scene.owner):
        assert error_code(await caller.patch(path, turned)) == (404, 10009)
    nobody = {"permission_overwrites": [hidden, own, {"id": "1", "type": 1, "allow": VIEW}]}
    assert error_code(await scene.owner.patch(path, nobody)) == (404, 10009)
    assert error_code(await bob.patch(path, {"permission_overwrites": [hidden]})) == (403, 50013)
    assert await overwrites_of(scene, vault) == [hidden, own]


async def test_edit_brings_in_no_embeds_without_their_permission(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    bob = await scene.join()
    messages = f"/channels/{scene.general}/messages"
    sent = (await bob.post(messages, {"content": "plain", "embeds": [{"title": "before"}]})).json()
    path = f"/channels/{scene.general}/permissions/{bob.id}"
    await scene.owner.put(path, {"type": 1, "deny": str(int(Permission.EMBED_LINKS))})
    message = f"{messages}/{sent['id']}"
    assert error_code(await bob.patch(message, {"embeds": [{"title": "after"}]})) == (403, 50013)
    assert (await bob.patch(message, {"content": "still plain"})).json()["embeds"][0]["title"] == "before"
    assert (await bob.patch(message, {"embeds": []})).json()["embeds"] == []


async def test_members_are_listed_for_bots_with_either_flag(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    bot = await api.make_bot(scene.owner)
    await api.let_in(scene.owner, bot, scene.id)
    for flag, status in ((1 << 14, 200), (1 << 15, 200), (0, 403)):
        async with api.store.write() as tx:
            await tx.applications.update(int(bot.id), {"flags": flag})
        assert (await bot.get(f"{scene.path}/members")).status_code == status


async def test_vanity_invites_show_a_channel_that_newcomers_view(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    await scene.owner.patch(f"{scene.path}/vanity-url", {"code": f"vanity-{scene.id}"})
    path = f"/invites/vanity-{scene.id}"
    assert (await api.nobody.get(path)).json()["channel"]["id"] == scene.general
    await scene.owner.patch(f"/channels/{scene.general}", closed(scene))
    shown = (await api.nobody.get(path)).json()["channel"]["id"]
    assert shown != scene.general
    assert (await (await scene.join()).get(f"/channels/{shown}")).status_code == 200


async def test_authorizing_a_bot_again_leaves_what_one_does_not_hold(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    bot = await api.make_bot(scene.owner)
    await api.let_in(scene.owner, bot, scene.id, int(Permission.BAN_MEMBERS | Permission.KICK_MEMBERS))
    manager = await scene.join()
    role_id = await scene.add_role(manager, permissions=Permission.MANAGE_GUILD | Permission.KICK_MEMBERS)
    wanted = int(Permission.MANAGE_GUILD | Permission.ADMINISTRATOR)

    async def permissions_of_bot() -> int:
        [role] = [role for role in (await scene.owner.get(f"{scene.path}/roles")).json() if role["managed"]]
        return int(role["permissions"])

    await api.let_in(manager, bot, scene.id, wanted)
    assert await permissions_of_bot() == Permission.BAN_MEMBERS | Permission.KICK_MEMBERS  # a role that is above
    await scene.owner.patch(f"{scene.path}/roles", [{"id": role_id, "position": 2}])
    await api.let_in(manager, bot, scene.id, wanted)
    assert await permissions_of_bot() == Permission.BAN_MEMBERS | Permission.MANAGE_GUILD


async def test_page_of_an_authorization_keeps_the_owners_addresses(api: ApiUnderTest) -> None:
    owner, stranger = await api.register(), await api.register()
    bot = await api.make_bot(owner)
    address = {"interactions_endpoint_url": "https://bot.example.org/interactions"}
    assert (await owner.patch(f"/applications/{bot.id}", address)).status_code == 200
    page = (await stranger.get(f"/oauth2/authorize?client_id={bot.id}&scope=bot")).json()
    assert page["application"]["interactions_endpoint_url"] is None


async def test_leaving_and_coming_back_ends_no_timeout(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    bob = await scene.join()
    until = (dt.datetime.now(dt.UTC) + dt.timedelta(days=7)).isoformat()
    path = f"{scene.path}/members/{bob.id}"
    assert (await scene.owner.patch(path, {"communication_disabled_until": until})).status_code == 200
    assert (await bob.delete(f"/users/@me/guilds/{scene.id}")).status_code == 204
    await scene.bring_in(bob)
    assert error_code(await bob.post(f"/channels/{scene.general}/messages", {"content": "free"})) == (403, 50013)
    assert (await scene.owner.get(path)).json()["communication_disabled_until"] is not None
