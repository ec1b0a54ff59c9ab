"""Applications, their bots, and the authorizations that add bots to guilds."""

import asyncio
import base64

import pytest

from core.domain.events import SESSION_REVOKED
from tests.integration.api.accounts.test_users import PNG_ADDRESS, make_guild
from tests.support.embedded_api import Actor, ApiUnderTest
from tests.support.guild_scene import Scene, error_code
from tests.support.stores.stored_guild import send_all, store_guild

MANAGE_GUILD = 1 << 5
BAN_MEMBERS = 1 << 2
ADMINISTRATOR = 1 << 3


async def roles_of(actor: Actor, guild_id: str) -> dict[str, dict[str, object]]:
    answer = await actor.get(f"/guilds/{guild_id}/roles")
    assert answer.status_code == 200
    return {role["name"]: role for role in answer.json()}


async def test_application_is_listed_and_shown_to_its_owner(api: ApiUnderTest) -> None:
    alice = await api.register()
    made = await alice.post("/applications", {"name": "Echo", "description": "repeats", "icon": PNG_ADDRESS})
    assert made.status_code == 201
    application_id = made.json()["id"]
    assert [item["id"] for item in (await alice.get("/applications")).json()] == [application_id]
    shown = (await alice.get(f"/applications/{application_id}")).json()
    assert (shown["description"], shown["owner"]["id"]) == ("repeats", alice.id)
    assert "bot" not in shown
    icon = await api.nobody.get(f"http://guildway/app-icons/{application_id}/{shown['icon']}.png")
    assert icon.status_code == 200


async def test_application_of_somebody_else_is_unknown(api: ApiUnderTest) -> None:
    alice, mallory = await api.register(), await api.register()
    bot = await api.make_bot(alice)
    for method, path in (
        ("GET", f"/applications/{bot.id}"),
        ("PATCH", f"/applications/{bot.id}"),
        ("POST", f"/applications/{bot.id}/bot"),
        ("GET", "/applications/1"),
    ):
        answer = await mallory.request(method, path)
        assert (answer.status_code, answer.json()["code"]) == (404, 10002)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": "x"}, "name"),
        ({"name": "good", "description": "x" * 401}, "description"),
        ({"name": "good", "icon": "x"}, "icon"),
    ],
)
async def test_wrong_application_names_the_field(api: ApiUnderTest, body: dict[str, object], field: str) -> None:
    answer = await (await api.register()).post("/applications", body)
    assert answer.status_code == 400
    assert field in answer.json()["errors"]


async def test_bot_token_begins_with_the_bots_id(api: ApiUnderTest) -> None:
    alice = await api.register()
    bot = await api.make_bot(alice, "Echo")
    first = bot.authorization.removeprefix("Bot ").partition(".")[0]
    assert base64.b64decode(first + "==").decode() == bot.id
    own = (await bot.get("/users/@me")).json()
    assert (own["id"], own["username"], own["bot"]) == (bot.id, "Echo", True)


async def test_bot_finds_its_application(api: ApiUnderTest) -> None:
    alice = await api.register()
    bot = await api.make_bot(alice)
    for path in ("/applications/@me", "/oauth2/applications/@me", f"/applications/{bot.id}"):
        shown = (await bot.get(path)).json()
        assert (shown["id"], shown["bot"]["id"], shown["owner"]["id"]) == (bot.id, bot.id, alice.id)
        assert shown["approximate_guild_count"] == 0
    answer = await alice.get("/applications/@me")
    assert (answer.status_code, answer.json()["code"]) == (403, 20002)


async def test_bot_may_not_make_applications(api: ApiUnderTest) -> None:
    bot = await api.make_bot(await api.register())
    for answer in (
        await bot.post("/applications", {"name": "another"}),
        await bot.get("/applications"),
        await bot.post(f"/applications/{bot.id}/bot"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, 20001)


async def test_new_bot_token_ends_the_old_one(api: ApiUnderTest) -> None:
    alice = await api.register()
    bot = await api.make_bot(alice)
    assert (await bot.get("/users/@me")).status_code == 200
    answer = await alice.post(f"/applications/{bot.id}/bot")
    assert (await bot.get("/users/@me")).status_code == 401
    assert [str(event.user_id) for event in api.events(SESSION_REVOKED)] == [bot.id]
    renewed = api.actor(f"Bot {answer.json()['token']}")
    assert (await renewed.get("/users/@me")).json()["id"] == bot.id


async def test_bot_asked_for_many_times_at_once_is_one_with_one_token(api: ApiUnderTest) -> None:
    alice = await api.register()
    application_id = (await alice.post("/applications", {"name": "Echo"})).json()["id"]
    answers = await asyncio.gather(*(alice.post(f"/applications/{application_id}/bot") for _ in range(5)))
    bots = [api.actor(f"Bot {answer.json()['token']}") for answer in answers]
    assert sorted([(await bot.get("/users/@me")).status_code for bot in bots]) == [200, 401, 401, 401, 401]


async def test_application_changes_by_owner_and_bot(api: ApiUnderTest) -> None:
    alice = await api.register()
    bot = await api.make_bot(alice)
    answer = await alice.patch(f"/applications/{bot.id}", {"name": "Renamed", "tags": ["a", "b"], "bot_public": False})
    assert (answer.json()["name"], answer.json()["tags"], answer.json()["bot_public"]) == ("Renamed", ["a", "b"], False)
    assert (await bot.get("/users/@me")).json()["username"] == "Renamed"
    answer = await bot.patch("/applications/@me", {"description": "new", "flags": 0, "interactions_endpoint_url": None})
    assert (answer.json()["description"], answer.json()["flags"]) == ("new", 0)
    answer = await alice.patch(f"/applications/{bot.id}", {"flags": 1 << 19})
    assert answer.json()["flags"] == 1 << 19


@pytest.mark.parametrize(
    "body",
    [
        {"tags": ["a", "b", "c", "d", "e", "f"]},
        {"tags": ["a", "b", "a"]},
        {"flags": -1},
        {"flags": "x"},
        {"flags": 1 << 19 | 1},
        {"interactions_endpoint_url": "ftp://x"},
        {"icon": "x"},
    ],
)
async def test_wrong_application_change_names_the_field(api: ApiUnderTest, body: dict[str, object]) -> None:
    alice = await api.register()
    bot = await api.make_bot(alice)
    answer = await alice.patch(f"/applications/{bot.id}", body)
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == list(body)


async def test_authorized_bot_joins_with_a_managed_role(api: ApiUnderTest) -> None:
    alice = await api.register()
    guild_id = await make_guild(alice)
    bot = await api.make_bot(alice, "Echo")
    await api.let_in(alice, bot, guild_id, BAN_MEMBERS)
    role = (await roles_of(alice, guild_id))["Echo"]
    assert role["managed"] is True
    assert role["permissions"] == str(BAN_MEMBERS)
    assert role["tags"] == {"bot_id": bot.id}
    member = (await bot.get(f"/users/@me/guilds/{guild_id}/member")).json()
    assert member["roles"] == [role["id"]]
    names = [
        event.event for event in api.events("GUILD_ROLE_CREATE", "GUILD_MEMBER_ADD") if event.guild_id == int(guild_id)
    ]
    assert names[-2:] == ["GUILD_ROLE_CREATE", "GUILD_MEMBER_ADD"]
    assert (await bot.get("/applications/@me")).json()["approximate_guild_count"] == 1


async def test_bot_without_permissions_joins_without_a_role(api: ApiUnderTest) -> None:
    alice = await api.register()
    guild_id = await make_guild(alice)
    bot = await api.make_bot(alice)
    await api.let_in(alice, bot, guild_id)
    assert (await bot.get(f"/users/@me/guilds/{guild_id}/member")).json()["roles"] == []


async def test_authorizing_again_changes_the_role_and_adds_nobody(api: ApiUnderTest) -> None:
    alice = await api.register()
    guild_id = await make_guild(alice)
    bot = await api.make_bot(alice, "Echo")
    await api.let_in(alice, bot, guild_id, BAN_MEMBERS)
    await api.let_in(alice, bot, guild_id, MANAGE_GUILD)
    assert (await roles_of(alice, guild_id))["Echo"]["permissions"] == str(MANAGE_GUILD)
    assert len(api.events("GUILD_ROLE_UPDATE")) == 1
    joined = [event for event in api.events("GUILD_MEMBER_ADD") if event.user_id == int(bot.id)]
    assert len(joined) == 1


async def test_bot_gets_no_more_than_whoever_authorizes_it_has(api: ApiUnderTest) -> None:
    alice, manager = await api.register(), await api.register()
    guild_id = await make_guild(alice)
    role = await alice.post(f"/guilds/{guild_id}/roles", {"name": "manager", "permissions": str(MANAGE_GUILD)})
    async with api.store.write() as tx:
        await tx.members.add(int(guild_id), int(manager.id), joined_ms=0, role_ids=[int(role.json()["id"])])
    bot = await api.make_bot(manager, "Echo")
    await api.let_in(manager, bot, guild_id, MANAGE_GUILD | ADMINISTRATOR)
    assert (await roles_of(alice, guild_id))["Echo"]["permissions"] == str(MANAGE_GUILD)


async def test_authorizing_needs_manage_guild(api: ApiUnderTest) -> None:
    alice, bob = await api.register(), await api.register()
    guild_id = await make_guild(alice)
    bot = await api.make_bot(bob)
    path = f"/oauth2/authorize?client_id={bot.id}&scope=bot&permissions=0"
    body = {"guild_id": guild_id, "authorize": True}
    answer = await bob.post(path, body)
    assert (answer.status_code, answer.json()["code"]) == (404, 10004)
    async with api.store.write() as tx:
        await tx.members.add(int(guild_id), int(bob.id), joined_ms=0)
    await alice.patch(f"/guilds/{guild_id}", {"name": "renamed"})
    answer = await alice.post(path, {**body, "authorize": False})
    assert "access_denied" in answer.json()["location"]
    answer = await bot.post(path, body)
    assert answer.json()["code"] == 20001


async def test_private_bot_is_let_in_by_its_owner_alone(api: ApiUnderTest) -> None:
    alice, bob = await api.register(), await api.register()
    guild_id = await make_guild(alice)
    bot = await api.make_bot(bob)
    await bob.patch(f"/applications/{bot.id}", {"bot_public": False})
    answer = await alice.post(f"/oauth2/authorize?client_id={bot.id}&scope=bot", {"guild_id": guild_id})
    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("query", "body", "status"),
    [
        ("scope=bot", {"guild_id": "1"}, 400),
        ("client_id=x&scope=bot", {"guild_id": "1"}, 400),
        ("client_id=1&scope=bot", {"guild_id": "1"}, 404),
        ("client_id={bot}&scope=identify", {"guild_id": "1"}, 400),
        ("client_id={bot}&scope=", {"guild_id": "1"}, 400),
        ("client_id={bot}&scope=bot&permissions=-1", {"guild_id": "1"}, 400),
        ("client_id={bot}&scope=bot", {}, 400),
        ("client_id={bot}&scope=bot", {"guild_id": "x"}, 400),
        ("client_id={bot}&scope=bot", {"guild_id": "1"}, 404),
        ("client_id={bot}&scope=bot%20applications.commands", {"guild_id": "1"}, 404),
    ],
)
async def test_wrong_authorization_is_refused(
    api: ApiUnderTest, query: str, body: dict[str, object], status: int
) -> None:
    alice = await api.register()
    bot = await api.make_bot(alice)
    answer = await alice.post(f"/oauth2/authorize?{query.format(bot=bot.id)}", body)
    assert answer.status_code == status


async def test_application_without_a_bot_cannot_be_let_in(api: ApiUnderTest) -> None:
    alice = await api.register()
    guild_id = await make_guild(alice)
    application = (await alice.post("/applications", {"name": "empty"})).json()
    answer = await alice.post(f"/oauth2/authorize?client_id={application['id']}&scope=bot", {"guild_id": guild_id})
    assert answer.json()["errors"]["client_id"]["_errors"][0]["code"] == "OAUTH2_APPLICATION_BOT_ABSENT"


async def test_authorization_page_lists_the_guilds_that_may_be_chosen(api: ApiUnderTest) -> None:
    alice = await api.register()
    guild_id = await make_guild(alice)
    bot = await api.make_bot(alice)
    page = (await alice.get(f"/oauth2/authorize?client_id={bot.id}&scope=bot")).json()
    assert [guild["id"] for guild in page["guilds"]] == [guild_id]
    assert page["bot"]["id"] == bot.id


async def test_authorizing_again_with_permissions_gives_the_bot_its_role(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    bot = await api.make_bot(scene.owner)
    await api.let_in(scene.owner, bot, scene.id)
    assert (await bot.get(f"{scene.path}/members/{bot.id}")).json()["roles"] == []
    await api.let_in(scene.owner, bot, scene.id, permissions=8)
    managed = [role for role in (await bot.get(f"{scene.path}/roles")).json() if role["managed"]]
    assert (await bot.get(f"{scene.path}/members/{bot.id}")).json()["roles"] == [role["id"] for role in managed]
    assert [event["roles"] for event in api.payloads("GUILD_MEMBER_UPDATE")] == [[role["id"] for role in managed]]
    assert (await bot.patch(scene.path, {"name": "Renamed"})).status_code == 200


async def test_integrations_are_the_bots_of_the_guild(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    bot, _ = await api.make_bot(scene.owner, "First"), await api.make_bot(scene.owner, "Elsewhere")
    member = await scene.join()
    path = f"{scene.path}/integrations"
    assert (await scene.owner.get(path)).json() == []
    await api.let_in(scene.owner, bot, scene.id)
    [shown] = (await scene.owner.get(path)).json()
    assert (shown["id"], shown["type"], shown["name"], shown["scopes"]) == (bot.id, "discord", "First", ["bot"])
    assert (shown["account"]["id"], shown["application"]["bot"]["id"]) == (bot.id, bot.id)
    assert error_code(await member.get(path)) == (403, 50013)
    assert error_code(await (await api.register()).get(path)) == (404, 10004)


async def test_integrations_come_and_go_with_their_bots(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    bot = await api.make_bot(scene.owner, "First")
    path = f"{scene.path}/integrations"
    await api.let_in(scene.owner, bot, scene.id)
    [shown] = (await scene.owner.get(path)).json()
    assert api.payloads("INTEGRATION_CREATE") == [{**shown, "guild_id": scene.id}]
    assert (await scene.owner.delete(f"{path}/{bot.id}")).status_code == 204
    gone = {"id": bot.id, "guild_id": scene.id, "application_id": bot.id}
    assert api.payloads("INTEGRATION_DELETE") == [gone]
    assert (await scene.owner.get(path)).json() == []
    assert [event["user"]["id"] for event in api.payloads("GUILD_MEMBER_REMOVE")] == [bot.id]
    await api.let_in(scene.owner, bot, scene.id)
    assert (await scene.owner.delete(f"{scene.path}/members/{bot.id}")).status_code == 204
    assert api.payloads("INTEGRATION_DELETE") == [gone, gone]
    assert api.payloads("GUILD_INTEGRATIONS_UPDATE") == [{"guild_id": scene.id}] * 4
    for unknown in (bot.id, "1"):
        assert error_code(await scene.owner.delete(f"{path}/{unknown}")) == (404, 10005)


async def test_bot_that_owns_the_guild_is_not_removed_as_an_integration(api: ApiUnderTest) -> None:
    alice = await api.register()
    bot = await api.make_bot(alice)
    guild_id = await make_guild(bot)
    assert error_code(await bot.delete(f"/guilds/{guild_id}/integrations/{bot.id}")) == (403, 50013)
    assert (await bot.get(f"/guilds/{guild_id}")).status_code == 200


async def test_renamed_bot_has_its_new_name_in_guilds_and_messages(api: ApiUnderTest) -> None:
    alice = await api.register()
    bot = await api.make_bot(alice)
    place = await store_guild(api, alice, bot)
    await send_all(bot, place, ["before"])
    assert (await alice.patch(f"/applications/{bot.id}", {"name": "Renamed"})).status_code == 200
    [sent] = await send_all(bot, place, ["after"])
    member = (await alice.get(f"/guilds/{place.guild_id}/members/{bot.id}")).json()
    history = (await alice.get(place.messages)).json()
    [updated] = api.payloads("GUILD_MEMBER_UPDATE")
    shown = [sent["author"], member["user"], updated["user"], *(message["author"] for message in history)]
    assert [user["username"] for user in shown] == ["Renamed"] * 5
