"""Guilds, registration, the staff and the log, as staff sees and changes them."""

from typing import Any

import httpx

from core.domain.events import GUILD_DELETE, GUILD_UPDATE
from core.runtime.settings.settings import InstanceSettings
from tests.integration.api.administration.conftest import ADMIN, StaffScene
from tests.integration.api.conftest import OpenApi, operator_pass
from tests.integration.api.http.field_walk import PICTURE
from tests.support.embedded_api import PASSWORD, Actor


async def register(nobody: Actor, name: str, invite: str | None = None) -> httpx.Response:
    body = {"username": name, "email": f"{name}@example.org", "password": PASSWORD, "date_of_birth": "1990-01-01"}
    return await nobody.post("/auth/register", {**body, "invite": invite})


async def test_guild_is_found_given_away_and_deleted(scene: StaffScene) -> None:
    zoe = await scene.api.register()
    guild = (await zoe.post("/guilds", {"name": "The Gardeners"})).json()
    found = (await scene.reader.get(f"{ADMIN}/guilds?search=GARDEN")).json()
    assert [(each["id"], each["owner_id"]) for each in found] == [(guild["id"], zoe.id)]
    path = f"{ADMIN}/guilds/{guild['id']}"
    assert (await scene.reader.get(path)).json()["members"] == 1
    stranger = await scene.owner.put(f"{path}/owner", {"user_id": scene.reader.id})
    assert stranger.json()["code"] == 10007
    bot = await scene.api.make_bot(zoe)
    await scene.api.let_in(zoe, bot, guild["id"])
    assert (await scene.owner.put(f"{path}/owner", {"user_id": bot.id})).json()["code"] == 50132
    assert (await scene.owner.put(f"{path}/owner", {"user_id": zoe.id})).status_code == 204
    assert scene.api.payloads(GUILD_UPDATE)[-1]["owner_id"] == zoe.id
    assert (await scene.owner.delete(path)).status_code == 204
    assert scene.api.payloads(GUILD_DELETE)[-1]["id"] == guild["id"]
    assert (await zoe.get(f"/guilds/{guild['id']}")).status_code == 404
    assert (await scene.owner.delete(path)).status_code == 404
    assert (await scene.log())[0]["details"] == {"name": "The Gardeners", "owner": zoe.id}


async def test_staff_closes_and_opens_registration(open_api: OpenApi) -> None:
    async with open_api(instance=InstanceSettings(registration="closed")) as api:
        operator = api.actor(operator_pass())
        path = f"{ADMIN}/registration"
        assert (await operator.get(path)).json() == {"mode": "closed", "configured": "closed"}
        assert (await operator.put(path, {"mode": "open"})).json() == {"mode": "open", "configured": "closed"}
        assert (await register(api.nobody, "zoe")).status_code == 201
        config = (await api.nobody.get("http://guildway/api/policies/instance/config")).json()
        assert config["register_disabled"] is False
        assert (await operator.put(path, {"mode": None})).json()["mode"] == "closed"
        assert (await register(api.nobody, "yan")).status_code == 400
        assert (await operator.put(path, {"mode": "ajar"})).status_code == 400


async def test_invite_to_register_lets_in_as_many_as_it_says(scene: StaffScene) -> None:
    path = f"{ADMIN}/registration/invites"
    assert (await scene.owner.put(f"{ADMIN}/registration", {"mode": "invite"})).status_code == 200
    made = (await scene.moderator.post(path, {"max_uses": 2, "max_age": 0})).json()
    assert (made["expires_at"], made["by"], made["max_uses"]) == (None, scene.moderator.id, 2)
    nobody = scene.api.nobody
    assert (await register(nobody, "zoe")).status_code == 400
    assert (await register(nobody, "zoe", made["code"][:-1])).status_code == 400
    assert (await register(nobody, "zoe", made["code"])).status_code == 201
    taken = await register(nobody, "zoe", made["code"])
    assert taken.json()["errors"].keys() == {"username", "email"}
    assert [each["uses"] for each in (await scene.moderator.get(path)).json()] == [1], "a refused one is no use"
    assert (await register(nobody, "yan", made["code"])).status_code == 201
    assert (await register(nobody, "xia", made["code"])).status_code == 400
    other = (await scene.moderator.post(path)).json()
    assert (await scene.moderator.delete(f"{path}/{other['code']}")).status_code == 204
    assert (await register(nobody, "xia", other["code"])).status_code == 400
    assert (await scene.moderator.delete(f"{path}/{other['code']}")).status_code == 404


async def test_staff_is_listed_and_bots_and_nobody_are_not_on_it(scene: StaffScene) -> None:
    staff = (await scene.reader.get(f"{ADMIN}/staff")).json()
    assert {each["user_id"]: each["role"] for each in staff} == {
        scene.owner.id: "owner",
        scene.moderator.id: "moderator",
        scene.reader.id: "reader",
    }
    bot = await scene.api.make_bot(await scene.api.register())
    assert (await scene.owner.put(f"{ADMIN}/staff/{bot.id}", {"role": "owner"})).status_code == 403
    assert (await scene.owner.put(f"{ADMIN}/staff/1", {"role": "owner"})).status_code == 404
    assert (await scene.owner.put(f"{ADMIN}/staff/{scene.reader.id}", {"role": "king"})).status_code == 400


async def test_log_is_read_in_pages_by_actor_and_target_and_has_no_way_to_change(scene: StaffScene) -> None:
    zoe = await scene.api.register()
    for _ in range(2):
        await scene.moderator.put(f"{ADMIN}/users/{zoe.id}/suspension")

    async def read(query: str) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = (await scene.reader.get(f"{ADMIN}/log?{query}")).json()
        return entries

    by_moderator = await read(f"actor={scene.moderator.id}")
    assert [each["target"] for each in by_moderator] == [zoe.id, zoe.id]
    assert await read(f"target={zoe.id}&before={by_moderator[0]['id']}") == by_moderator[1:]
    assert {each["action"] for each in await read("actor=0")} == {"staff.set", "staff.create-token"}
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        for path in ("log", f"log/{by_moderator[0]['id']}"):
            assert (await scene.operator.request(method, f"{ADMIN}/{path}")).status_code in (404, 405)


async def test_limits_are_those_of_the_settings(scene: StaffScene) -> None:
    shown = (await scene.reader.get(f"{ADMIN}/limits")).json()
    assert shown["rates"]["requests_per_second"] == 1_000_000
    assert shown["files"]["max_file_bytes"] == 26_214_400
    assert "secret" not in str(shown)
    assert shown["changed"] == []


async def test_owner_sets_limits_that_hold_at_once_and_gives_them_back(scene: StaffScene) -> None:
    zoe = await scene.api.register()
    guild = (await zoe.post("/guilds", {"name": "The Gardeners"})).json()
    channels = (await zoe.get(f"/guilds/{guild['id']}/channels")).json()
    channel = next(each["id"] for each in channels if each["type"] == 0)
    path, messages = f"{ADMIN}/limits", f"/channels/{channel}/messages"
    assert (await scene.moderator.patch(path, {"limits": {"channel_messages": 1}})).status_code == 403
    limits = {"channel_messages": 1, "channel_messages_window_s": 3600}
    answer = await scene.owner.patch(path, {"limits": limits})
    assert answer.status_code == 200, answer.text
    assert answer.json()["changed"] == [*limits]
    assert answer.json()["rates"]["channel_messages"] == 1
    sent = [(await zoe.post(messages, {"content": "hello"})).status_code for _ in range(2)]
    assert sent == [200, 429]
    back = await scene.owner.patch(path, {"limits": {"channel_messages": None}})
    assert back.json()["changed"] == ["channel_messages_window_s"]
    assert (await zoe.post(messages, {"content": "hello"})).status_code == 200
    entry, before = (await scene.log())[:2]
    assert (entry["action"], entry["details"]) == ("limits.set", {"channel_messages": "default"})
    assert before["details"] == {"channel_messages": "1", "channel_messages_window_s": "3600"}


async def test_files_have_quotas_that_are_set(scene: StaffScene) -> None:
    zoe = await scene.api.register()
    assert (await scene.owner.patch(f"{ADMIN}/limits", {"limits": {"user_quota_bytes": 1}})).status_code == 200
    picture = await zoe.patch("/users/@me", {"avatar": PICTURE})
    assert picture.status_code == 413, picture.text


async def test_limits_that_do_not_exist_or_cannot_have_a_value_are_refused_together(scene: StaffScene) -> None:
    wrong = {"requests_per_second": 0, "port": 1, "channel_messages": 1.5, "enabled": 1, "max_file_bytes": 1}
    answer = await scene.owner.patch(f"{ADMIN}/limits", {"limits": {**wrong, "group_recipients": 5}})
    assert answer.status_code == 400
    assert answer.json()["errors"]["limits"].keys() == wrong.keys()
    assert (await scene.reader.get(f"{ADMIN}/limits")).json()["changed"] == []
