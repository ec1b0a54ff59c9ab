"""Bans: put, shown, lifted and in bulk, and the deletion of messages with them."""

from typing import Any

import pytest

from core.domain.events import Audience
from core.domain.guilds.permissions import Permission
from tests.support.embedded_api import Actor, ApiUnderTest
from tests.support.guild_scene import Scene, error_code, form_code


async def say(person: Actor, channel_id: str, *texts: str) -> list[str]:
    ids = []
    for text in texts:
        answer = await person.post(f"/channels/{channel_id}/messages", {"content": text})
        assert answer.status_code == 200, answer.text
        ids.append(answer.json()["id"])
    return ids


async def test_ban_member_removes_keeps_out_and_is_announced(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    bob = await scene.join()
    invite = (await scene.owner.post(f"/channels/{scene.general}/invites")).json()
    path = f"{scene.path}/bans/{bob.id}"
    headers = {"X-Audit-Log-Reason": "for%20w%C3%BCrmer"}
    assert (await scene.owner.put(path, headers=headers)).status_code == 204
    [banned] = api.events("GUILD_BAN_ADD")
    assert banned.audience == Audience.GUILD_PERMISSION
    assert banned.permissions == Permission.BAN_MEMBERS | Permission.VIEW_AUDIT_LOG
    [payload] = api.payloads("GUILD_BAN_ADD")
    assert (payload["guild_id"], payload["user"]["id"]) == (scene.id, bob.id)
    assert [removed["user"]["id"] for removed in api.payloads("GUILD_MEMBER_REMOVE")] == [bob.id]
    shown = (await scene.owner.get(path)).json()
    assert (shown["user"]["id"], shown["reason"]) == (bob.id, "for würmer")
    assert error_code(await bob.post(f"/invites/{invite['code']}")) == (403, 40007)
    assert (await scene.owner.put(path)).status_code == 204
    assert len(api.events("GUILD_BAN_ADD")) == 1


async def test_ban_stranger_works_and_lifting_lets_in(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    stranger = await api.register()
    path = f"{scene.path}/bans/{stranger.id}"
    assert (await scene.owner.put(path, {})).status_code == 204
    assert api.events("GUILD_MEMBER_REMOVE") == []
    assert (await scene.owner.delete(path)).status_code == 204
    assert [payload["user"]["id"] for payload in api.payloads("GUILD_BAN_REMOVE")] == [stranger.id]
    assert error_code(await scene.owner.delete(path)) == (404, 10026)
    assert error_code(await scene.owner.get(path)) == (404, 10026)
    await scene.bring_in(stranger)


async def test_ban_needs_permission_and_rank(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    bob, carol = await scene.join(), await scene.join()
    bans = f"{scene.path}/bans"
    for answer in (
        await bob.put(f"{bans}/{carol.id}"),
        await bob.get(bans),
        await bob.get(f"{bans}/{carol.id}"),
        await bob.delete(f"{bans}/{carol.id}"),
        await bob.post(f"{scene.path}/bulk-ban", {"user_ids": [carol.id]}),
    ):
        assert error_code(answer) == (403, 50013)
    await scene.add_role(bob, permissions=Permission.BAN_MEMBERS)
    await scene.add_role(carol, position=2)
    for outranking in (carol, scene.owner, bob):
        assert error_code(await bob.put(f"{bans}/{outranking.id}")) == (403, 50013)
    assert error_code(await bob.put(f"{bans}/1")) == (404, 10013)
    assert error_code(await bob.post(f"{scene.path}/bulk-ban", {"user_ids": [carol.id]})) == (403, 50013)


@pytest.mark.parametrize(
    ("body", "path"),
    [({"delete_message_seconds": 604801}, "delete_message_seconds"), ({"delete_message_days": 8}, "delete_message_days"),
     ({"delete_message_seconds": "x"}, "delete_message_seconds"), ({"delete-message-days": 8}, "delete-message-days")],
)  # fmt: skip
async def test_ban_bad_body_names_the_field(api: ApiUnderTest, body: Any, path: str) -> None:
    scene = await Scene.build(api)
    bob = await scene.join()
    queried = await scene.owner.put(f"{scene.path}/bans/{bob.id}?delete_message_seconds=-1")
    assert form_code(queried, "delete_message_seconds")
    for days in ("8", "-1", "x", ""):
        queried = await scene.owner.put(f"{scene.path}/bans/{bob.id}?delete-message-days={days}")
        assert form_code(queried, "delete-message-days")
    assert form_code(await scene.owner.put(f"{scene.path}/bans/{bob.id}", body), path)
    assert api.events("GUILD_BAN_ADD") == []


@pytest.mark.parametrize(
    ("query", "body"),
    [
        ("", {"delete_message_seconds": 60}),
        ("", {"delete_message_days": 1}),
        ("?delete_message_seconds=60", None),
        ("?delete-message-days=1&reason=x", None),
        ("", {"delete-message-days": 1}),
        ("?delete-message-days=0", {"delete_message_seconds": 60}),
    ],
)
async def test_ban_with_deletion_deletes_the_users_messages_by_channel(
    api: ApiUnderTest, query: str, body: Any
) -> None:
    scene = await Scene.build(api)
    bob = await scene.join()
    other = await scene.add_channel()
    here = await say(bob, scene.general, "one", "two")
    there = await say(bob, other["id"], "three")
    kept = await say(scene.owner, scene.general, "mine")
    assert (await scene.owner.put(f"{scene.path}/bans/{bob.id}{query}", body)).status_code == 204
    deleted = {event["channel_id"]: event["ids"] for event in api.payloads("MESSAGE_DELETE_BULK")}
    assert set(here) <= set(deleted[scene.general])
    assert deleted[other["id"]] == there
    history = (await scene.owner.get(f"/channels/{scene.general}/messages")).json()
    assert [message["id"] for message in history if message["type"] == 0] == kept


async def test_list_bans_pages_both_ways(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    people = [await api.register() for _ in range(4)]
    for person in people:
        await scene.owner.put(f"{scene.path}/bans/{person.id}")
    ids = sorted((person.id for person in people), key=int)
    path = f"{scene.path}/bans"

    async def listed(query: str) -> list[str]:
        return [ban["user"]["id"] for ban in (await scene.owner.get(path + query)).json()]

    assert await listed("") == ids
    assert await listed(f"?limit=2&after={ids[0]}") == ids[1:3]
    assert await listed(f"?limit=2&before={ids[3]}") == ids[1:3]
    assert await listed(f"?after={ids[3]}") == []
    assert form_code(await scene.owner.get(f"{path}?limit=1001"), "limit")


async def test_bulk_ban_tells_banned_from_failed(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    bob, carol, stranger = await scene.join(), await scene.join(), await api.register()
    await scene.owner.put(f"{scene.path}/bans/{carol.id}")
    [message_id] = await say(bob, scene.general, "hello")
    path = f"{scene.path}/bulk-ban"
    wanted = [bob.id, carol.id, stranger.id, scene.owner.id, "1"]
    answer = await scene.owner.post(path, {"user_ids": wanted, "delete_message_seconds": 60})
    assert answer.status_code == 200, answer.text
    assert answer.json() == {"banned_users": [bob.id, stranger.id], "failed_users": [carol.id, scene.owner.id, "1"]}
    assert message_id in api.payloads("MESSAGE_DELETE_BULK")[0]["ids"]
    assert error_code(await scene.owner.post(path, {"user_ids": [bob.id]})) == (400, 500000)
    assert error_code(await scene.owner.post(path, {"user_ids": []})) == (400, 500000)
    assert form_code(await scene.owner.post(path, {"user_ids": [str(n) for n in range(201)]}), "user_ids")
    assert form_code(await scene.owner.post(path, {"user_ids": ["1", "1"]}), "user_ids", "1")
    assert form_code(await scene.owner.post(path, {}), "user_ids")


@pytest.mark.parametrize(
    ("query", "body", "headers"),
    [
        ("?reason=too%20much+spam&delete_message_days=1", None, {}),  # discordgo
        ("?delete_message_seconds=3600", None, {"X-Audit-Log-Reason": "too%20much%20spam"}),  # discord.py
        ("", {"delete_message_days": 1, "reason": "too much spam"}, {}),  # older ones
        ("", {"delete_message_seconds": 3600}, {"X-Audit-Log-Reason": "too%20much%20spam"}),
        ("?reason=not%20this", {"delete_message_days": 1}, {"X-Audit-Log-Reason": "too much spam"}),
    ],
)
async def test_ban_is_understood_however_libraries_write_it(
    api: ApiUnderTest, query: str, body: Any, headers: dict[str, str]
) -> None:
    scene = await Scene.build(api)
    bob = await scene.join()
    sent = await bob.post(f"/channels/{scene.general}/messages", {"content": "spam"})
    ban = f"{scene.path}/bans/{bob.id}"
    assert (await scene.owner.put(ban + query, body, headers=headers)).status_code == 204
    assert (await scene.owner.get(ban)).json()["reason"] == "too much spam"
    message = f"/channels/{scene.general}/messages/{sent.json()['id']}"
    assert error_code(await scene.owner.get(message)) == (404, 10008)


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("delete_message_days=8", "delete_message_days"),
        ("delete_message_seconds=x", "delete_message_seconds"),
        ("reason=" + "x" * 513, "reason"),
        ("reason=%FF", "reason"),
    ],
)
async def test_ban_with_a_bad_query_names_the_field(api: ApiUnderTest, query: str, path: str) -> None:
    scene = await Scene.build(api)
    bob = await scene.join()
    assert form_code(await scene.owner.put(f"{scene.path}/bans/{bob.id}?{query}"), path)
    assert error_code(await scene.owner.get(f"{scene.path}/bans/{bob.id}")) == (404, 10026)
