"""Acks over REST: places, counts, and what the person's devices are told."""

from typing import Any

import pytest

from core.domain.events import Audience
from core.domain.ids import MAX_SNOWFLAKE
from core.domain.messages.read_state import ReadState
from tests.support.embedded_api import Actor, ApiUnderTest
from tests.support.guild_scene import Scene, error_code


@pytest.fixture
async def scene(api: ApiUnderTest) -> Scene:
    return await Scene.build(api)


async def send(actor: Actor, channel_id: str, content: str = "hello") -> str:
    answer = await actor.post(f"/channels/{channel_id}/messages", {"content": content})
    assert answer.status_code == 200, answer.text
    message_id: str = answer.json()["id"]
    return message_id


async def ack(actor: Actor, channel_id: str, message_id: str, **fields: Any) -> None:
    answer = await actor.post(f"/channels/{channel_id}/messages/{message_id}/ack", fields)
    assert (answer.status_code, answer.json()) == (200, {"token": None})


async def states(api: ApiUnderTest, actor: Actor) -> dict[str, ReadState]:
    await api.built.own_places.write()
    found = await api.store.read_states.list_of_user(int(actor.id))
    return {str(state.channel_id): state for state in found}


async def open_direct(one: Actor, other: Actor) -> str:
    answer = await one.post("/users/@me/channels", {"recipient_id": other.id})
    channel_id: str = answer.json()["id"]
    return channel_id


async def test_ack_moves_the_place_and_tells_all_devices_of_the_person_alone(api: ApiUnderTest, scene: Scene) -> None:
    bob = await scene.join()
    first = await send(scene.owner, scene.general, f"<@{bob.id}>")
    await send(scene.owner, scene.general, "@everyone")
    await ack(bob, scene.general, first, flags=1, last_viewed=4000)
    (envelope,) = api.events("MESSAGE_ACK")
    assert (envelope.audience, str(envelope.user_id), envelope.guild_id) == (Audience.USER, bob.id, 0)
    (told,) = api.payloads("MESSAGE_ACK")
    assert told.pop("version") > 0
    assert told == {
        "channel_id": scene.general,
        "message_id": first,
        "mention_count": 1,
        "flags": 1,
        "last_viewed": 4000,
    }
    assert (await states(api, bob))[scene.general].mention_count == 1


async def test_ack_of_an_older_message_changes_and_tells_nothing(api: ApiUnderTest, scene: Scene) -> None:
    first, second = [await send(scene.owner, scene.general) for _ in range(2)]
    bob = await scene.join()
    await ack(bob, scene.general, second)
    await ack(bob, scene.general, first)
    await ack(bob, scene.general, second)
    assert len(api.events("MESSAGE_ACK")) == 1


async def test_manual_ack_goes_back_with_the_given_count(api: ApiUnderTest, scene: Scene) -> None:
    bob = await scene.join()
    first, second = [await send(scene.owner, scene.general, f"<@{bob.id}>") for _ in range(2)]
    await ack(bob, scene.general, second)
    await ack(bob, scene.general, first, manual=True, mention_count=3)
    told = api.payloads("MESSAGE_ACK")[-1]
    assert (told["message_id"], told["manual"], told["mention_count"]) == (first, True, 3)
    await send(scene.owner, scene.general, f"<@{bob.id}>")
    assert (await states(api, bob))[scene.general].mention_count == 4


async def test_ack_of_a_message_that_was_deleted_is_an_ack(api: ApiUnderTest, scene: Scene) -> None:
    bob = await scene.join()
    message_id = await send(scene.owner, scene.general)
    await scene.owner.delete(f"/channels/{scene.general}/messages/{message_id}")
    await ack(bob, scene.general, message_id)
    assert (await states(api, bob))[scene.general].last_read_id == int(message_id)


@pytest.mark.parametrize("fields", [{}, {"manual": True, "mention_count": 1}])
async def test_message_of_the_future_cannot_be_acked(scene: Scene, fields: dict[str, Any]) -> None:
    answer = await scene.owner.post(f"/channels/{scene.general}/messages/{MAX_SNOWFLAKE}/ack", fields)
    assert error_code(answer) == (404, 10008)


@pytest.mark.parametrize("fields", [{"mention_count": -1}, {"mention_count": 1 << 31}, {"flags": "x"}, {"manual": 7}])
async def test_wrong_fields_are_refused(scene: Scene, fields: dict[str, Any]) -> None:
    answer = await scene.owner.post(f"/channels/{scene.general}/messages/1/ack", fields)
    assert error_code(answer) == (400, 50035)


async def test_nobody_acks_what_they_may_not_view(api: ApiUnderTest, scene: Scene) -> None:
    hidden = {"id": scene.id, "type": 0, "deny": "1024", "allow": "0"}
    made = await scene.owner.post(f"{scene.path}/channels", {"name": "hidden", "permission_overwrites": [hidden]})
    channel_id = made.json()["id"]
    message_id = await send(scene.owner, channel_id, "@everyone")
    member, stranger = await scene.join(), await api.register()
    for actor in (member, stranger):
        for path in (f"messages/{message_id}/ack", "pins/ack"):
            answer = await actor.post(f"/channels/{channel_id}/{path}")
            assert error_code(answer) == (403, 50001)
    entries = [{"channel_id": each, "message_id": message_id} for each in (channel_id, scene.general, "1")]
    assert (await member.post("/read-states/ack-bulk", {"read_states": entries})).status_code == 204
    assert (await member.post(f"{scene.path}/ack")).status_code == 204
    assert {told["channel_id"] for told in api.payloads("MESSAGE_ACK")} == {scene.general}
    assert (await stranger.post(f"{scene.path}/ack")).status_code == 404


async def test_bots_have_no_read_states(api: ApiUnderTest, scene: Scene) -> None:
    bot = await api.make_bot(scene.owner)
    await api.let_in(scene.owner, bot, scene.id)
    message_id = await send(scene.owner, scene.general)
    for path in (
        f"/channels/{scene.general}/messages/{message_id}/ack",
        f"/channels/{scene.general}/pins/ack",
        f"{scene.path}/ack",
    ):
        answer = await bot.post(path)
        assert error_code(answer) == (403, 20001)
    assert (await bot.delete(f"/channels/{scene.general}/messages/ack")).status_code == 403


async def test_bulk_ack_takes_the_newest_of_each_channel(api: ApiUnderTest, scene: Scene) -> None:
    made = await scene.owner.post(f"{scene.path}/channels", {"name": "second"})
    other = made.json()["id"]
    bob = await scene.join()
    ids = [await send(scene.owner, each) for each in (scene.general, other, scene.general)]
    entries = [
        {"channel_id": each, "message_id": message_id, "read_state_type": 0}
        for each, message_id in zip((scene.general, other, scene.general), ids, strict=True)
    ]
    of_another_kind = {"channel_id": scene.id, "message_id": ids[0], "read_state_type": 1}
    answer = await bob.post("/read-states/ack-bulk", {"read_states": [*entries[::-1], of_another_kind]})
    assert answer.status_code == 204
    told = {each["channel_id"]: each["message_id"] for each in api.payloads("MESSAGE_ACK")}
    assert told == {scene.general: ids[2], other: ids[1]}


async def test_bulk_of_too_many_is_refused(scene: Scene) -> None:
    entries = [{"channel_id": scene.general, "message_id": "1"}] * 101
    answer = await scene.owner.post("/read-states/ack-bulk", {"read_states": entries})
    assert error_code(answer) == (400, 50035)


async def test_guild_is_acked_to_the_end_of_each_channel(api: ApiUnderTest, scene: Scene) -> None:
    bob = await scene.join()
    message_id = await send(scene.owner, scene.general, "@everyone")
    assert (await bob.post(f"{scene.path}/ack")).status_code == 204
    state = (await states(api, bob))[scene.general]
    assert (state.last_read_id, state.mention_count) == (int(message_id), 0)


async def test_pins_ack_is_told_with_its_time(api: ApiUnderTest, scene: Scene) -> None:
    assert (await scene.owner.post(f"/channels/{scene.general}/pins/ack")).status_code == 204
    (told,) = api.payloads("CHANNEL_PINS_ACK")
    state = (await states(api, scene.owner))[scene.general]
    assert told["channel_id"] == scene.general
    assert told["version"] == state.version
    assert state.last_pin_ms > 0


async def test_what_the_server_writes_in_ones_name_was_read(api: ApiUnderTest, scene: Scene) -> None:
    bob = await scene.join()
    (arrival,) = [each for each in api.payloads("MESSAGE_CREATE") if each["author"]["id"] == bob.id]
    assert (await states(api, bob))[scene.general].last_read_id == int(arrival["id"])
    message_id = await send(scene.owner, scene.general)
    await scene.owner.put(f"/channels/{scene.general}/messages/pins/{message_id}")
    notice = api.payloads("MESSAGE_CREATE")[-1]
    assert (await states(api, scene.owner))[scene.general].last_read_id == int(notice["id"])


async def test_own_message_of_just_now_does_not_undo_a_mark(api: ApiUnderTest, scene: Scene) -> None:
    bob = await scene.join()
    first = await send(scene.owner, scene.general, f"<@{bob.id}>")
    await send(bob, scene.general)
    await ack(bob, scene.general, first, manual=True, mention_count=1)
    state = (await states(api, bob))[scene.general]
    assert (state.last_read_id, state.mention_count) == (int(first), 1)


async def test_forgotten_read_state_is_gone(api: ApiUnderTest, scene: Scene) -> None:
    bob = await scene.join()
    message_id = await send(scene.owner, scene.general)
    await ack(bob, scene.general, message_id)
    assert scene.general in await states(api, bob)
    assert (await bob.delete(f"/channels/{scene.general}/messages/ack")).status_code == 204
    assert scene.general not in await states(api, bob)
    told = api.payloads("MESSAGE_ACK")[-1]
    assert (told["message_id"], told["manual"], told["mention_count"]) == ("0", True, 0)


async def test_own_message_acks_itself(api: ApiUnderTest, scene: Scene) -> None:
    bob = await scene.join()
    await send(scene.owner, scene.general, f"<@{bob.id}>")
    own = await send(bob, scene.general)
    state = (await states(api, bob))[scene.general]
    assert (state.last_read_id, state.mention_count) == (int(own), 0)
    assert api.events("MESSAGE_ACK") == []


async def test_messages_of_bots_write_no_places(api: ApiUnderTest, scene: Scene) -> None:
    bot = await api.make_bot(scene.owner)
    await api.let_in(scene.owner, bot, scene.id, permissions=8)
    await send(bot, scene.general)
    assert await states(api, bot) == {}


async def test_each_direct_message_counts_and_none_of_a_blocked_author(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    alice, bob = scene.owner, await scene.join()
    direct = await open_direct(alice, bob)
    for _ in range(3):
        await send(alice, direct)
    assert (await states(api, bob))[direct].mention_count == 3
    assert (await bob.put(f"/users/@me/relationships/{alice.id}", {"type": 2})).status_code == 204
    assert direct not in await states(api, bob)


async def test_edits_and_deletions_change_the_count(api: ApiUnderTest, scene: Scene) -> None:
    bob = await scene.join()
    paths = [
        f"/channels/{scene.general}/messages/{await send(scene.owner, scene.general, text)}"
        for text in (f"<@{bob.id}>", "@everyone", "nothing", f"<@{bob.id}> @here")
    ]
    assert (await states(api, bob))[scene.general].mention_count == 3
    await scene.owner.patch(paths[2], {"content": f"<@{bob.id}>"})
    assert (await states(api, bob))[scene.general].mention_count == 3, "an edit does not ping"
    await scene.owner.patch(paths[0], {"content": "nothing"})
    assert (await states(api, bob))[scene.general].mention_count == 2
    await scene.owner.delete(paths[1])
    await scene.owner.delete(paths[3])
    assert (await states(api, bob))[scene.general].mention_count == 0


async def test_silent_message_calls_for_whom_it_mentions(api: ApiUnderTest, scene: Scene) -> None:
    """SUPPRESS_NOTIFICATIONS keeps devices from sounding; badges count all the same, as at Discord."""
    bob = await scene.join()
    first = await send(scene.owner, scene.general)
    silent = {"content": f"<@{bob.id}>", "flags": 1 << 12}
    sent = (await scene.owner.post(f"/channels/{scene.general}/messages", silent)).json()
    assert sent["flags"] == 1 << 12
    assert api.payloads("MESSAGE_CREATE")[-1]["flags"] == 1 << 12
    await ack(bob, scene.general, first)
    assert (await states(api, bob))[scene.general].mention_count == 1
