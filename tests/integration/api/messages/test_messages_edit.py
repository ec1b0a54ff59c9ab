"""Edits and deletions of messages."""

import asyncio

from core.domain.guilds.permissions import Permission
from core.domain.messages.message import Message, MessageType
from tests.support.embedded_api import ApiUnderTest
from tests.support.guild_scene import Scene, form_code
from tests.support.stores.stored_guild import next_id, send_all, store_guild

FIFTEEN_DAYS_AGO = 15 * 24 * 60 * 60 * 1000 << 22


async def test_edit_changes_text_and_is_dispatched_whole(api: ApiUnderTest) -> None:
    alice, bob = await api.register(), await api.register()
    place = await store_guild(api, alice, bob)
    sent = (await alice.post(place.messages, {"content": "old", "nonce": "n"})).json()
    answer = await alice.patch(f"{place.messages}/{sent['id']}", {"content": f"new <@{bob.id}>"})
    assert answer.status_code == 200
    edited = answer.json()
    assert edited["content"] == f"new <@{bob.id}>"
    assert edited["edited_timestamp"] is not None
    assert [user["id"] for user in edited["mentions"]] == [bob.id]
    assert "nonce" not in edited
    [dispatched] = api.payloads("MESSAGE_UPDATE")
    assert dispatched["mentions"][0].pop("member")["roles"] == []
    assert {name: dispatched[name] for name in edited} == edited
    assert dispatched["guild_id"] == str(place.guild_id)
    assert dispatched["member"]["joined_at"]
    assert (await alice.get(f"{place.messages}/{sent['id']}")).json() == edited


async def test_edit_of_nothing_changes_and_announces_nothing(api: ApiUnderTest) -> None:
    alice = await api.register()
    place = await store_guild(api, alice)
    [sent] = await send_all(alice, place, ["old"])
    assert (await alice.patch(f"{place.messages}/{sent['id']}", {})).json()["edited_timestamp"] is None
    assert api.events("MESSAGE_UPDATE") == []


async def test_edit_to_nothing_is_refused(api: ApiUnderTest) -> None:
    alice = await api.register()
    place = await store_guild(api, alice)
    [sent] = await send_all(alice, place, ["old"])
    path = f"{place.messages}/{sent['id']}"
    answer = await alice.patch(path, {"content": ""})
    assert (answer.status_code, answer.json()["code"]) == (400, 50006)
    assert (await alice.patch(path, {"content": "", "embeds": [{"title": "x"}]})).status_code == 200
    assert (await alice.patch(path, {"embeds": []})).status_code == 400
    assert (await alice.patch(path, {"content": "x" * 2001})).status_code == 400
    assert (await alice.patch(path, {"components": [{}]})).status_code == 501


async def test_edit_by_an_older_library_replaces_and_clears_the_embed(api: ApiUnderTest) -> None:
    alice = await api.register()
    place = await store_guild(api, alice)
    sent = (await alice.post(place.messages, {"embed": {"title": "old"}})).json()
    assert [embed["title"] for embed in sent["embeds"]] == ["old"]
    path = f"{place.messages}/{sent['id']}"
    replaced = (await alice.patch(path, {"content": "x", "embed": {"title": "new"}})).json()
    assert [embed["title"] for embed in replaced["embeds"]] == ["new"]
    kept = (await alice.patch(path, {"content": "y"})).json()
    assert [embed["title"] for embed in kept["embeds"]] == ["new"]
    assert (await alice.patch(path, {"embed": None})).json()["embeds"] == []
    assert (await alice.get(path)).json()["embeds"] == []


async def test_edit_of_others_is_limited_to_flags(api: ApiUnderTest) -> None:
    alice, bob = await api.register(), await api.register()
    place = await store_guild(api, alice, bob)
    [sent] = await send_all(bob, place, ["bob's"])
    path = f"{place.messages}/{sent['id']}"
    answer = await alice.patch(path, {"content": "alice's"})
    assert (answer.status_code, answer.json()["code"]) == (403, 50005)
    suppressed = await alice.patch(path, {"flags": 4})
    assert suppressed.status_code == 200
    assert (suppressed.json()["flags"], suppressed.json()["edited_timestamp"]) == (4, None)
    [by_alice] = await send_all(alice, place, ["alice's"])
    answer = await bob.patch(f"{place.messages}/{by_alice['id']}", {"flags": 4})
    assert (answer.status_code, answer.json()["code"]) == (403, 50013)


async def test_manager_without_the_history_reads_nothing_by_an_edit(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    manager = await scene.join()
    await scene.add_role(manager, permissions=1 << 13)
    path = f"/channels/{scene.general}/messages"
    sent = (await scene.owner.post(path, {"content": "secret"})).json()["id"]
    overwrite = {"type": 1, "deny": str(1 << 16)}
    assert (await scene.owner.put(f"/channels/{scene.general}/permissions/{manager.id}", overwrite)).status_code == 204
    answer = await manager.patch(f"{path}/{sent}", {"flags": 4})
    assert (answer.status_code, answer.json()["code"]) == (403, 50013)


async def test_edit_of_the_unknown_is_refused(api: ApiUnderTest) -> None:
    alice = await api.register()
    place = await store_guild(api, alice)
    answer = await alice.patch(f"{place.messages}/5", {"content": "x"})
    assert (answer.status_code, answer.json()["code"]) == (404, 10008)


async def test_edits_at_once_all_go_in_and_the_last_event_is_the_last_state(api: ApiUnderTest) -> None:
    alice = await api.register()
    place = await store_guild(api, alice)
    [sent] = await send_all(alice, place, ["0"])
    path = f"{place.messages}/{sent['id']}"
    answers = await asyncio.gather(*(alice.patch(path, {"content": str(number)}) for number in range(1, 13)))
    assert [answer.status_code for answer in answers] == [200] * 12
    events = api.payloads("MESSAGE_UPDATE")
    assert sorted(int(event["content"]) for event in events) == list(range(1, 13))
    assert (await alice.get(path)).json()["content"] == events[-1]["content"]
    stored = await api.store.messages.find(place.channel_id, int(sent["id"]))
    assert stored is not None
    assert stored.version == 12


async def test_edit_and_delete_at_once_never_bring_a_message_back(api: ApiUnderTest) -> None:
    alice = await api.register()
    place = await store_guild(api, alice)
    for message in await send_all(alice, place, [str(number) for number in range(10)]):
        path = f"{place.messages}/{message['id']}"
        edit, deletion = await asyncio.gather(alice.patch(path, {"content": "x"}), alice.delete(path))
        assert edit.status_code in (200, 404)
        assert deletion.status_code == 204
    assert (await alice.get(place.messages)).json() == []


async def test_delete_is_for_the_author_and_moderators(api: ApiUnderTest) -> None:
    alice, bob = await api.register(), await api.register()
    place = await store_guild(api, alice, bob)
    [by_alice] = await send_all(alice, place, ["alice's"])
    [by_bob, another] = await send_all(bob, place, ["bob's", "another"])
    answer = await bob.delete(f"{place.messages}/{by_alice['id']}")
    assert (answer.status_code, answer.json()["code"]) == (403, 50013)
    assert (await bob.delete(f"{place.messages}/{by_bob['id']}")).status_code == 204
    assert (await alice.delete(f"{place.messages}/{another['id']}")).status_code == 204
    again = await bob.delete(f"{place.messages}/{by_bob['id']}")
    assert (again.status_code, again.json()["code"]) == (404, 10008)
    assert api.payloads("MESSAGE_DELETE") == [
        {"id": message["id"], "channel_id": str(place.channel_id), "guild_id": str(place.guild_id)}
        for message in (by_bob, another)
    ]


async def test_bulk_delete_removes_all_with_one_event(api: ApiUnderTest) -> None:
    alice = await api.register()
    place = await store_guild(api, alice)
    sent = [message["id"] for message in await send_all(alice, place, ["1", "2", "3", "4"])]
    body = {"messages": [sent[0], int(sent[1]), sent[2]]}
    answer = await alice.post(place.messages + "/bulk-delete", body)
    assert answer.status_code == 204
    assert [message["id"] for message in (await alice.get(place.messages)).json()] == [sent[3]]
    [event] = api.payloads("MESSAGE_DELETE_BULK")
    assert sorted(event["ids"]) == sorted(sent[:3])
    assert (event["channel_id"], event["guild_id"]) == (str(place.channel_id), str(place.guild_id))


async def test_bulk_delete_wrong_is_refused(api: ApiUnderTest) -> None:
    alice, bob = await api.register(), await api.register()
    place = await store_guild(api, alice, bob)
    sent = [message["id"] for message in await send_all(alice, place, ["1", "2"])]
    path = place.messages + "/bulk-delete"
    assert (await bob.post(path, {"messages": sent})).json()["code"] == 50013
    await place.overwrite(bob, allow=Permission.MANAGE_MESSAGES)
    for few in ([], sent[:1], [next_id() for _ in range(101)]):
        answer = await bob.post(path, {"messages": few})
        assert (answer.status_code, answer.json()["code"]) == (400, 50016)
    twice = await bob.post(path, {"messages": [sent[0], sent[1], int(sent[0])]})
    assert form_code(twice, "messages", "2") == "SET_TYPE_ALREADY_CONTAINS_VALUE"
    old = [str(int(sent[0]) - FIFTEEN_DAYS_AGO), sent[1]]
    assert (await bob.post(path, {"messages": old})).json()["code"] == 50034
    assert (await bob.post(path, {})).json()["errors"]["messages"]["_errors"][0]["code"] == "BASE_TYPE_REQUIRED"
    assert (await bob.post(path, {"messages": ["x", "y"]})).status_code == 400
    assert len((await alice.get(place.messages)).json()) == 2
    assert (await bob.post(path, {"messages": sent})).status_code == 204


async def test_edit_of_what_the_server_wrote_is_refused(api: ApiUnderTest) -> None:
    alice = await api.register()
    place = await store_guild(api, alice)
    joined = Message(
        id=next_id(),
        channel_id=place.channel_id,
        guild_id=place.guild_id,
        author_id=int(alice.id),
        type=MessageType.USER_JOIN,
    )
    await api.store.messages.add(joined, ())
    answer = await alice.patch(f"{place.messages}/{joined.id}", {"content": "x"})
    assert (answer.status_code, answer.json()["code"]) == (403, 50021)
