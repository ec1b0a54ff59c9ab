"""The sending of messages: they are stored, answered and dispatched, or refused."""

import asyncio
from typing import Any

import msgspec
import pytest

from core.domain.channels.channel import ChannelType
from core.domain.events import Audience
from core.domain.guilds.permissions import Permission
from core.domain.messages.message import MessageType
from core.runtime.settings.settings import LimitSettings
from core.wire.objects.messages.message import render_message_dispatch
from tests.fakes.clock import FakeClock
from tests.integration.api.conftest import OpenApi
from tests.support.embedded_api import ApiUnderTest
from tests.support.guild_scene import Scene, form_code
from tests.support.stores.stored_guild import store_bot, store_guild

DAY_MS = 24 * 60 * 60 * 1000


async def test_send_answers_and_dispatches_the_message(api: ApiUnderTest) -> None:
    alice = await api.register()
    place = await store_guild(api, alice)
    answer = await alice.post(place.messages, {"content": "  hello ", "nonce": 123, "tts": False})
    assert answer.status_code == 200
    sent = answer.json()
    assert sent["content"] == "hello"
    assert sent["nonce"] == 123
    assert sent["author"]["id"] == alice.id
    assert sent["type"] == 0
    [envelope] = api.events("MESSAGE_CREATE")
    dispatched = msgspec.json.decode(envelope.payload)
    assert (envelope.id, envelope.audience, envelope.author_id) == (int(sent["id"]), Audience.CHANNEL, int(alice.id))
    assert {name: dispatched[name] for name in sent} == sent
    assert dispatched["guild_id"] == str(place.guild_id)
    assert dispatched["member"]["roles"] == []
    assert "user" not in dispatched["member"]


async def test_send_dispatch_is_what_the_wire_object_says(api: ApiUnderTest) -> None:
    alice, bob = await api.register(), await api.register()
    place = await store_guild(api, alice, bob)
    first = (await alice.post(place.messages, {"content": "first"})).json()
    reply = {"content": f"<@{bob.id}> hi", "message_reference": {"message_id": first["id"]}, "nonce": "n"}
    await bob.post(place.messages, reply)
    envelope = api.events("MESSAGE_CREATE")[-1]
    message = await api.store.messages.find(place.channel_id, envelope.id)
    assert message is not None
    resolved = await api.built.messages._renderer.resolve_for_dispatch(message)
    assert set(resolved.mentioned_members) == {int(alice.id), int(bob.id)}
    member = await api.store.members.find(place.guild_id, int(bob.id))
    assert bytes(envelope.payload) == msgspec.json.encode(render_message_dispatch(resolved, member))


async def test_mentions_in_guilds_are_dispatched_with_memberships(api: ApiUnderTest) -> None:
    alice, bob, stranger = await api.register(), await api.register(), await api.register()
    place = await store_guild(api, alice, bob)
    await place.change_member(bob, nick="Bobby")
    sent = await alice.post(place.messages, {"content": f"<@{bob.id}> <@{stranger.id}> <@{alice.id}>", "nonce": "n"})
    assert ["member" in mention for mention in sent.json()["mentions"]] == [False] * 3
    await alice.patch(f"{place.messages}/{sent.json()['id']}", {"content": f"again <@{bob.id}> and <@{stranger.id}>"})
    for name, count in (("MESSAGE_CREATE", 3), ("MESSAGE_UPDATE", 2)):
        [payload] = api.payloads(name)
        mentions = {mention["id"]: mention for mention in payload["mentions"]}
        assert len(mentions) == count
        member = mentions[bob.id]["member"]
        assert (member["nick"], "user" in member) == ("Bobby", False)
        assert {"roles", "joined_at", "deaf", "mute", "flags"} <= member.keys()
        assert "member" not in mentions[stranger.id]
        rest = [{**mention, "member": None} for mention in sent.json()["mentions"] if mention["id"] in mentions]
        assert [{**mention, "member": None} for mention in payload["mentions"]] == rest


async def test_mentions_in_direct_messages_have_no_membership(api: ApiUnderTest) -> None:
    alice, bob = await api.register(), await api.register()
    await store_guild(api, alice, bob)
    direct = (await alice.post("/users/@me/channels", {"recipient_id": bob.id})).json()
    await alice.post(f"/channels/{direct['id']}/messages", {"content": f"<@{bob.id}>"})
    payloads = api.payloads("MESSAGE_CREATE")
    assert [[mention["id"] for mention in payload["mentions"]] for payload in payloads] == [[bob.id]] * 2
    assert [payload["mentions"][0].get("member") for payload in payloads] == [None] * 2


@pytest.mark.parametrize(
    ("body", "code", "path"),
    [
        ({}, 50006, None),
        ({"content": "   "}, 50006, None),
        ({"content": None, "embeds": [{}]}, 50006, None),
        ({"content": "x" * 2001}, 50035, ("content",)),
        ({"content": 5}, 50035, ("content",)),
        ({"content": "a\u0000b"}, 50035, ("content",)),
        ({"content": "x", "nonce": "x" * 26}, 50035, ("nonce",)),
        ({"content": "x", "nonce": 1 << 64}, 50035, ("nonce",)),
        ({"content": "x", "flags": -1}, 50035, ("flags",)),
        ({"content": "x", "flags": 1 << 6}, 50035, ("flags",)),
        ({"content": "x", "embed": {"title": "x" * 257}}, 50035, ("embed", "title")),
        ({"embed": {}}, 50006, None),
        ({"content": "x", "embeds": [{"title": "x" * 257}]}, 50035, ("embeds", "0", "title")),
        ({"content": "x", "embeds": "no"}, 50035, ("embeds",)),
        ({"content": "x", "allowed_mentions": {"parse": ["x"]}}, 50035, ("allowed_mentions", "parse", "0")),
        ({"content": "x", "message_reference": {}}, 50035, ("message_reference", "message_id")),
        ({"content": "x", "message_reference": {"message_id": "5"}}, 50035, ("message_reference",)),
        ({"content": "x", "message_reference": {"message_id": "5", "type": 7}}, 50035, ("message_reference", "type")),
    ],
)
async def test_send_wrong_body_names_the_field(
    api: ApiUnderTest, body: dict[str, Any], code: int, path: tuple[str, ...] | None
) -> None:
    alice = await api.register()
    place = await store_guild(api, alice)
    answer = await alice.post(place.messages, body)
    assert answer.status_code == 400
    error = answer.json()
    assert error["code"] == code
    if path is not None:
        node = error["errors"]
        for step in path:
            node = node[step]
        assert node["_errors"][0]["code"]
    assert api.events("MESSAGE_CREATE") == []


@pytest.mark.parametrize(
    "part",
    [
        {"sticker_ids": ["1"]},
        {"components": [{"type": 1}]},
        {"activity": {"type": 1, "party_id": "p"}},
    ],
)
async def test_send_part_that_is_not_built_is_refused(api: ApiUnderTest, part: dict[str, Any]) -> None:
    alice = await api.register()
    place = await store_guild(api, alice)
    assert (await alice.post(place.messages, {"content": "x", **part})).status_code == 501
    assert api.events("MESSAGE_CREATE") == []


async def test_send_empty_parts_count_as_absent(api: ApiUnderTest) -> None:
    alice = await api.register()
    place = await store_guild(api, alice)
    body = {
        "content": "x",
        "embeds": None,
        "components": [],
        "sticker_ids": None,
        "poll": None,
        "attachments": [],
        "allowed_mentions": None,
        "message_reference": None,
        "flags": None,
        "tts": None,
        "nonce": None,
        "enforce_nonce": None,
    }
    answer = await alice.post(place.messages, body)
    assert answer.status_code == 200
    assert "nonce" not in answer.json()


async def test_send_embed_comes_back_in_wire_shape(api: ApiUnderTest) -> None:
    alice = await api.register()
    place = await store_guild(api, alice)
    answer = await alice.post(place.messages, {"embeds": [{"title": " t ", "fields": [{"name": "n", "value": "v"}]}]})
    assert answer.json()["embeds"] == [
        {"type": "rich", "title": "t", "fields": [{"name": "n", "value": "v", "inline": False}]}
    ]


async def test_send_multipart_payload_is_read(api: ApiUnderTest) -> None:
    alice = await api.register()
    place = await store_guild(api, alice)
    part = {"payload_json": (None, b'{"content": "form"}', "application/json")}
    answer = await alice.request("POST", place.messages, files=part)
    assert answer.status_code == 200
    assert answer.json()["content"] == "form"


async def test_send_multipart_that_is_none_is_refused(api: ApiUnderTest) -> None:
    alice = await api.register()
    place = await store_guild(api, alice)
    headers = {"content-type": "multipart/form-data; boundary=x"}
    answer = await alice.request("POST", place.messages, content=b"{}", headers=headers)
    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("denied", "body", "status"),
    [
        (Permission.VIEW_CHANNEL, {"content": "x"}, 403),
        (Permission.SEND_MESSAGES, {"content": "x"}, 403),
        (Permission.SEND_TTS_MESSAGES, {"content": "x", "tts": True}, 403),
        (Permission.EMBED_LINKS, {"embeds": [{"title": "x"}]}, 403),
        (Permission.READ_MESSAGE_HISTORY, {"content": "x", "message_reference": {"message_id": "1"}}, 403),
        (Permission.READ_MESSAGE_HISTORY, {"content": "x"}, 200),
        (Permission.EMBED_LINKS, {"content": "x"}, 200),
    ],
)
async def test_send_needs_the_permissions(
    api: ApiUnderTest, denied: Permission, body: dict[str, Any], status: int
) -> None:
    alice, bob = await api.register(), await api.register()
    place = await store_guild(api, alice, bob)
    await place.overwrite(bob, deny=denied)
    answer = await bob.post(place.messages, body)
    assert answer.status_code == status
    if status == 403:
        codes = {Permission.VIEW_CHANNEL: 50001, Permission.READ_MESSAGE_HISTORY: 160002}
        assert answer.json()["code"] == codes.get(denied, 50013)


async def test_send_by_a_stranger_is_refused(api: ApiUnderTest) -> None:
    alice, mallory = await api.register(), await api.register()
    place = await store_guild(api, alice)
    answer = await mallory.post(place.messages, {"content": "x"})
    assert (answer.status_code, answer.json()["code"]) == (403, 50001)
    assert (await api.nobody.post(place.messages, {"content": "x"})).status_code == 401


async def test_send_while_timed_out_is_refused(api: ApiUnderTest) -> None:
    alice, bob = await api.register(), await api.register()
    place = await store_guild(api, alice, bob)
    await place.change_member(bob, timeout_until_ms=9_000_000_000_000)
    assert (await bob.post(place.messages, {"content": "x"})).status_code == 403


@pytest.mark.parametrize(("kind", "code"), [(ChannelType.CATEGORY, 50008), (ChannelType.FORUM, 40058)])
async def test_send_where_nobody_sends_is_refused(api: ApiUnderTest, kind: ChannelType, code: int) -> None:
    alice = await api.register()
    place = await store_guild(api, alice)
    path = f"/channels/{await place.add_channel(type=kind)}"
    files = {"files": [{"filename": "a", "file_size": 1}]}
    for answer in (
        await alice.post(f"{path}/messages", {"content": "x"}),
        await alice.post(f"{path}/typing"),
        await alice.post(f"{path}/attachments", files),
    ):
        assert (answer.status_code, answer.json()["code"]) == (400, code)
    unknown = await alice.post("/channels/1/messages", {"content": "x"})
    assert (unknown.status_code, unknown.json()["code"]) == (404, 10003)


async def test_send_mentions_what_exists_and_may_be_mentioned(api: ApiUnderTest) -> None:
    alice, bob = await api.register(), await api.register()
    place = await store_guild(api, alice, bob)
    quiet = await place.add_role(name="quiet")
    loud = await place.add_role(name="loud", mentionable=True)
    await place.overwrite(place.guild_id, deny=Permission.MENTION_EVERYONE)
    body = {"content": f"<@{alice.id}> <@5> <@&{quiet}> <@&{loud}> @everyone"}
    by_bob = (await bob.post(place.messages, body)).json()
    assert [user["id"] for user in by_bob["mentions"]] == [alice.id]
    assert by_bob["mention_roles"] == [str(loud)]
    assert by_bob["mention_everyone"] is False
    by_owner = (await alice.post(place.messages, body)).json()
    assert by_owner["mention_roles"] == [str(quiet), str(loud)]
    assert by_owner["mention_everyone"] is True
    assert api.events("MESSAGE_CREATE")[0].mention_ids == (int(alice.id),)


async def test_send_allowed_mentions_silence_the_rest(api: ApiUnderTest) -> None:
    alice, bob = await api.register(), await api.register()
    place = await store_guild(api, alice, bob)
    body = {"content": f"<@{alice.id}> <@{bob.id}> @here", "allowed_mentions": {"users": [bob.id]}}
    sent = (await alice.post(place.messages, body)).json()
    assert [user["id"] for user in sent["mentions"]] == [bob.id]
    assert sent["mention_everyone"] is False
    silent = {"content": f"<@{bob.id}>", "allowed_mentions": {"parse": []}}
    assert (await alice.post(place.messages, silent)).json()["mentions"] == []


async def test_reply_shows_and_pings_what_it_answers(api: ApiUnderTest) -> None:
    alice, bob = await api.register(), await api.register()
    place = await store_guild(api, alice, bob)
    first = (await alice.post(place.messages, {"content": "question"})).json()
    reference = {"message_id": first["id"], "channel_id": str(place.channel_id), "guild_id": str(place.guild_id)}
    reply = (await bob.post(place.messages, {"content": "answer", "message_reference": reference})).json()
    assert reply["type"] == MessageType.REPLY
    assert reply["message_reference"] == {"type": 0, **reference}
    assert reply["referenced_message"]["content"] == "question"
    assert [user["id"] for user in reply["mentions"]] == [alice.id]
    quiet = {"content": "x", "message_reference": reference, "allowed_mentions": {"replied_user": False}}
    assert (await bob.post(place.messages, quiet)).json()["mentions"] == []
    nested = (
        await alice.post(place.messages, {"content": "y", "message_reference": {"message_id": reply["id"]}})
    ).json()
    assert "referenced_message" not in nested["referenced_message"]


async def test_reply_to_nothing_is_sent_plainly_when_asked_so(api: ApiUnderTest) -> None:
    alice = await api.register()
    place = await store_guild(api, alice)
    reference = {"message_id": "5", "fail_if_not_exists": False}
    answer = await alice.post(place.messages, {"content": "x", "message_reference": reference})
    assert answer.status_code == 200
    assert answer.json()["type"] == MessageType.DEFAULT
    assert "message_reference" not in answer.json()


async def test_reply_to_another_channel_is_refused(api: ApiUnderTest) -> None:
    alice = await api.register()
    place = await store_guild(api, alice)
    other = await place.add_channel()
    first = (await alice.post(f"/channels/{other}/messages", {"content": "there"})).json()
    reference = {"message_id": first["id"], "channel_id": str(other)}
    answer = await alice.post(place.messages, {"content": "x", "message_reference": reference})
    assert answer.json()["errors"]["message_reference"]["_errors"][0]["code"] == "REPLIES_UNKNOWN_MESSAGE"


async def test_reply_to_what_the_server_wrote_is_refused(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    bob = await scene.join()
    path = f"/channels/{scene.general}/messages"
    [joined] = (await bob.get(path)).json()
    assert joined["type"] == MessageType.USER_JOIN
    for rest in ({}, {"fail_if_not_exists": False}):
        reply = {"content": "x", "message_reference": {"message_id": joined["id"], **rest}}
        answer = await bob.post(path, reply)
        assert form_code(answer, "message_reference") == "REPLIES_CANNOT_REPLY_TO_SYSTEM_MESSAGE"
    assert len((await bob.get(path)).json()) == 1


async def test_slow_mode_holds_people_but_not_moderators_and_bots(api: ApiUnderTest) -> None:
    alice, bob, robot = await api.register(), await api.register(), await store_bot(api)
    place = await store_guild(api, alice, bob, robot)
    await place.change_channel(rate_limit_per_user=60)
    assert (await bob.post(place.messages, {"content": "1"})).status_code == 200
    answer = await bob.post(place.messages, {"content": "2"})
    assert (answer.status_code, answer.json()["code"]) == (429, 20016)
    assert 0 < answer.json()["retry_after"] <= 60
    assert answer.headers["x-ratelimit-remaining"] == "0"
    assert abs(float(answer.headers["x-ratelimit-reset-after"]) - answer.json()["retry_after"]) < 0.01
    for sender in (alice, robot):
        for _ in range(2):
            assert (await sender.post(place.messages, {"content": "3"})).status_code == 200


async def test_send_limit_of_a_channel_holds_and_is_told(open_api: OpenApi) -> None:
    limits = LimitSettings(channel_messages=2, requests_per_second=1000, loopback_registrations_per_minute=1000)
    async with open_api(limits=limits) as api:
        alice = await api.register()
        place = await store_guild(api, alice)
        answers = [await alice.post(place.messages, {"content": str(number)}) for number in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert [answer.headers["x-ratelimit-remaining"] for answer in answers] == ["1", "0", "0"]
        assert {answer.headers["x-ratelimit-limit"] for answer in answers} == {"2"}
        other = await place.add_channel()
        assert (await alice.post(f"/channels/{other}/messages", {"content": "x"})).status_code == 200


async def test_send_limit_of_a_minute_counts_all_channels(open_api: OpenApi) -> None:
    limits = LimitSettings(messages_per_minute=2, requests_per_second=1000, loopback_registrations_per_minute=1000)
    async with open_api(limits=limits, clock=FakeClock()) as api:
        alice = await api.register()
        place = await store_guild(api, alice)
        other = await place.add_channel()
        for channel_id in (place.channel_id, other):
            assert (await alice.post(f"/channels/{channel_id}/messages", {"content": "x"})).status_code == 200
        answer = await alice.post(place.messages, {"content": "x"})
        assert answer.status_code == 429
        assert answer.json()["retry_after"] == 60


async def test_send_by_fifty_at_once_dispatches_in_id_order(api: ApiUnderTest) -> None:
    alice = await api.register()
    place = await store_guild(api, alice)

    async def send(number: int) -> None:
        if number % 2:
            await api.built.messages.send_from_gateway(int(alice.id), place.channel_id, b'{"content": "socket"}')
        else:
            assert (await alice.post(place.messages, {"content": f"<@{alice.id}>"})).status_code == 200

    for _ in range(4):
        await asyncio.gather(*(send(number) for number in range(50)))
    ids = [envelope.id for envelope in api.events("MESSAGE_CREATE")]
    assert len(ids) == 200
    assert ids == sorted(ids)
