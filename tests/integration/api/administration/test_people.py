"""Accounts, as staff finds, makes, suspends and deletes them."""

from urllib.parse import quote

from tests.integration.api.administration.conftest import ADMIN, StaffScene
from tests.support.embedded_api import PASSWORD, Actor


async def log_in(scene: StaffScene, name: str, password: str = PASSWORD) -> tuple[int, str]:
    """Log in, and return the status and the code of the fault."""
    answer = await scene.api.nobody.post("/auth/login", {"login": f"{name}@example.org", "password": password})
    if answer.status_code == 200:
        return 200, ""
    return answer.status_code, answer.json()["errors"]["login"]["_errors"][0]["code"]


async def make_guild(owner: Actor) -> str:
    answer = await owner.post("/guilds", {"name": "A guild"})
    guild_id: str = answer.json()["id"]
    return guild_id


async def join(scene: StaffScene, owner: Actor, guild_id: str, *others: Actor) -> str:
    """Let others into a guild, and return its text channel."""
    channels = (await owner.get(f"/guilds/{guild_id}/channels")).json()
    channel_id: str = next(each["id"] for each in channels if each["type"] == 0)
    code = (await owner.post(f"/channels/{channel_id}/invites")).json()["code"]
    for other in others:
        assert (await other.post(f"/invites/{code}")).status_code == 200
    return channel_id


async def test_accounts_are_found_by_name_address_and_id_in_pages(scene: StaffScene) -> None:
    zoe, zora = await scene.api.register("zoe"), await scene.api.register("zora")

    async def find(query: str) -> list[str]:
        return [each["username"] for each in (await scene.reader.get(f"{ADMIN}/users?{query}")).json()]

    assert await find("search=ZO") == ["zoe", "zora"]
    assert await find("search=zo&limit=1") == ["zoe"]
    assert await find(f"search=zo&after={zoe.id}") == ["zora"]
    assert await find("search=zora@EXAMPLE.org") == ["zora"]
    assert await find("search=nobody@example.org") == []
    assert await find(f"search={zora.id}") == ["zora"]
    assert len(await find("limit=2")) == 2
    assert (await scene.reader.get(f"{ADMIN}/users?limit=201")).status_code == 400
    assert (await scene.reader.get(f"{ADMIN}/users/1")).status_code == 404


async def test_account_is_shown_without_its_secrets(scene: StaffScene) -> None:
    zoe = await scene.api.register("zoe")
    guild_id = await make_guild(zoe)
    answer = await scene.reader.get(f"{ADMIN}/users/{zoe.id}")
    shown = answer.json()
    assert (shown["email"], shown["guilds"], shown["owned_guild_ids"]) == ("zoe@example.org", 1, [guild_id])
    assert (shown["sessions"], shown["suspension"], shown["staff_role"]) == (1, None, None)
    assert "password" not in answer.text
    sessions = (await scene.reader.get(f"{ADMIN}/users/{zoe.id}/sessions")).text
    assert zoe.authorization not in sessions


async def test_made_account_logs_in_with_the_password_that_is_shown_once(scene: StaffScene) -> None:
    body = {"username": "zoe", "email": "zoe@example.org", "date_of_birth": "1990-01-01"}
    made = await scene.owner.post(f"{ADMIN}/users", body, headers={"X-Audit-Log-Reason": "a friend"})
    assert made.status_code == 201
    assert await log_in(scene, "zoe", made.json()["password"]) == (200, "")
    [entry] = [each for each in await scene.log() if each["action"] == "user.create"]
    assert (entry["by"], entry["target"], entry["reason"]) == (scene.owner.id, made.json()["user_id"], "a friend")
    assert made.json()["password"] not in str(await scene.log())
    assert (await scene.owner.post(f"{ADMIN}/users", body)).status_code == 400
    young = {**body, "username": "yan", "email": "yan@example.org", "date_of_birth": "2099-01-01"}
    assert (await scene.owner.post(f"{ADMIN}/users", young)).status_code == 400


async def test_new_password_ends_all_sessions_and_the_old_password(scene: StaffScene) -> None:
    zoe = await scene.api.register("zoe")
    made = await scene.owner.post(f"{ADMIN}/users/{zoe.id}/password")
    assert (await zoe.get("/users/@me")).status_code == 401
    assert await log_in(scene, "zoe") == (400, "INVALID_LOGIN")
    assert await log_in(scene, "zoe", made.json()["password"]) == (200, "")
    given = await scene.owner.post(f"{ADMIN}/users/{zoe.id}/password", {"password": "of-her-own-choice"})
    assert given.json() == {"user_id": zoe.id, "password": None}
    assert await log_in(scene, "zoe", "of-her-own-choice") == (200, "")
    bot = await scene.api.make_bot(await scene.api.register())
    assert (await scene.owner.post(f"{ADMIN}/users/{bot.id}/password")).status_code == 403


async def test_suspended_account_is_out_until_it_is_let_again_and_its_messages_stay(scene: StaffScene) -> None:
    owner, zoe = await scene.api.register(), await scene.api.register("zoe")
    guild_id = await make_guild(owner)
    channel_id = await join(scene, owner, guild_id, zoe)
    message = (await zoe.post(f"/channels/{channel_id}/messages", {"content": "hello"})).json()
    reason = {"X-Audit-Log-Reason": quote("Spämmer")}
    answer = await scene.moderator.put(f"{ADMIN}/users/{zoe.id}/suspension", headers=reason)
    assert answer.status_code == 204
    assert (await zoe.get("/users/@me")).status_code == 401
    assert await log_in(scene, "zoe") == (400, "ACCOUNT_DISABLED")
    assert await log_in(scene, "zoe", "a wrong password") == (400, "INVALID_LOGIN")
    assert (await owner.get(f"/channels/{channel_id}/messages/{message['id']}")).json()["content"] == "hello"
    shown = (await scene.reader.get(f"{ADMIN}/users/{zoe.id}")).json()
    assert (shown["suspension"]["reason"], shown["suspension"]["by"]) == ("Spämmer", scene.moderator.id)
    assert (await scene.moderator.delete(f"{ADMIN}/users/{zoe.id}/suspension")).status_code == 204
    assert await log_in(scene, "zoe") == (200, "")
    assert [(each["action"], each["reason"]) for each in (await scene.log())[:2]] == [
        ("user.unsuspend", None),
        ("user.suspend", "Spämmer"),
    ]


async def test_suspended_bot_gets_no_token_until_it_is_let_again(scene: StaffScene) -> None:
    zoe = await scene.api.register()
    bot = await scene.api.make_bot(zoe)
    assert (await scene.moderator.put(f"{ADMIN}/users/{bot.id}/suspension")).status_code == 204
    assert (await bot.get("/users/@me")).status_code == 401
    assert (await zoe.post(f"/applications/{bot.id}/bot")).status_code == 403
    assert (await scene.moderator.delete(f"{ADMIN}/users/{bot.id}/suspension")).status_code == 204
    assert (await zoe.post(f"/applications/{bot.id}/bot")).status_code == 200


async def test_sessions_end_one_by_one_and_together(scene: StaffScene) -> None:
    zoe = await scene.api.register("zoe")
    await log_in(scene, "zoe")
    sessions = (await scene.reader.get(f"{ADMIN}/users/{zoe.id}/sessions")).json()
    assert len(sessions) == 2
    path = f"{ADMIN}/users/{zoe.id}/sessions"
    assert (await scene.moderator.delete(f"{path}/{sessions[1]['id']}")).status_code == 204
    assert (await zoe.get("/users/@me")).status_code == 401
    assert (await scene.moderator.delete(f"{path}/{sessions[1]['id']}")).status_code == 404
    assert (await scene.moderator.delete(path)).status_code == 204
    assert (await scene.reader.get(path)).json() == []
    assert (await scene.moderator.delete(f"{ADMIN}/users/1/sessions")).status_code == 404
    actions = [each["action"] for each in await scene.log()]
    assert actions[:2] == ["user.end-sessions", "user.end-session"], "what was refused is not in the log"


async def test_deleted_account_is_out_of_everything_and_its_messages_stay(scene: StaffScene) -> None:
    owner, zoe, friend, third = [await scene.api.register(name) for name in ("yan", "zoe", "xia", "wes")]
    await scene.api.befriend(zoe, friend, third)
    group = (await zoe.post("/users/@me/channels", {"recipients": [friend.id, third.id]})).json()
    bot = await scene.api.make_bot(zoe)
    guild_id, own_id = await make_guild(owner), await make_guild(zoe)
    channel_id = await join(scene, owner, guild_id, zoe)
    message = (await zoe.post(f"/channels/{channel_id}/messages", {"content": "hello"})).json()
    await join(scene, zoe, own_id, friend)
    assert (await zoe.put(f"/users/@me/notes/{friend.id}", {"note": "knows bees"})).status_code == 204
    assert (await zoe.post(f"/channels/{channel_id}/messages/{message['id']}/ack", {})).status_code == 200
    store, zoe_id = scene.api.store, int(zoe.id)
    assert await store.preferences.list_notes(zoe_id)
    assert await store.read_states.list_of_user(zoe_id)

    refused = await scene.owner.delete(f"{ADMIN}/users/{zoe.id}")
    assert (refused.status_code, refused.json()["code"]) == (400, 40011)
    assert (await scene.owner.put(f"{ADMIN}/guilds/{own_id}/owner", {"user_id": friend.id})).status_code == 204
    for _ in range(2):
        assert (await scene.owner.delete(f"{ADMIN}/users/{zoe.id}")).status_code == 204

    assert await store.preferences.list_notes(zoe_id) == {}
    assert await store.read_states.list_of_user(zoe_id) == []
    assert (await zoe.get("/users/@me")).status_code == 401
    assert (await bot.get("/users/@me")).status_code == 401
    assert await log_in(scene, "zoe") == (400, "INVALID_LOGIN")
    shown = (await owner.get(f"/channels/{channel_id}/messages/{message['id']}")).json()
    assert shown["content"] == "hello"
    assert shown["author"]["username"] == f"deleted_user_{int(zoe.id):x}"
    assert (await scene.owner.post(f"{ADMIN}/users/{zoe.id}/password")).status_code == 404
    details = (await scene.reader.get(f"{ADMIN}/users/{zoe.id}")).json()
    assert (details["guilds"], details["email"], details["sessions"]) == (0, None, 0)
    assert (await friend.get("/users/@me/relationships")).json() == []
    assert {each["id"] for each in (await friend.get(f"/channels/{group['id']}")).json()["recipients"]} == {third.id}
    again = {"username": "zoe", "email": "zoe@example.org", "password": PASSWORD, "date_of_birth": "1990-01-01"}
    assert (await scene.api.nobody.post("/auth/register", again)).status_code == 201
