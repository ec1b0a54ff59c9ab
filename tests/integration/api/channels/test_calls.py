"""Calls in direct channels and groups, from the first who joins or rings to the last who leaves."""

from typing import Any

import msgspec
import pytest

from core.domain.channels.call import RING_MS
from core.domain.errors import CannotSendToUser, MissingAccess, WrongChannelType
from core.runtime.settings.settings import VoiceSettings
from core.wire.voice_wish import VoiceWish
from tests.integration.api.conftest import OpenApi
from tests.support.embedded_api import Actor, ApiUnderTest
from tests.support.guild_scene import error_code, form_code
from tests.support.stores.stored_guild import store_guild

CALL_EVENTS = ("CALL_CREATE", "CALL_UPDATE", "CALL_DELETE", "VOICE_STATE_UPDATE")


class Calls:
    """A direct channel of Alice and Bob, with what they do and hear."""

    def __init__(self, api: ApiUnderTest, alice: Actor, bob: Actor, channel_id: str) -> None:
        self.api = api
        self.alice = alice
        self.bob = bob
        self.channel_id = channel_id
        self.path = f"/channels/{channel_id}/call"
        self._heard: dict[str, int] = {}

    async def join(self, who: Actor, channel_id: str | None = "", session: str = "s", **flags: bool) -> None:
        """Say op 4 for a session of somebody; without a channel, in this one."""
        wanted = self.channel_id if channel_id == "" else channel_id
        wish = VoiceWish(channel_id=None if wanted is None else int(wanted), **flags)
        await self.api.built.voice.join_from_gateway(int(who.id), f"{session}{who.id}", wish)

    async def leave(self, who: Actor, session: str = "s") -> None:
        """Leave with a session of somebody."""
        await self.join(who, None, session)

    def hear(self, who: Actor) -> list[tuple[str, Any]]:
        """Return what somebody has heard of calls since the last time."""
        all_heard = [(event, d) for event, d in self.api.events_of(who.id) if event in CALL_EVENTS]
        since = self._heard.get(who.id, 0)
        self._heard[who.id] = len(all_heard)
        return all_heard[since:]

    async def newest(self) -> dict[str, Any]:
        """Return the newest message."""
        listed: list[dict[str, Any]] = (await self.alice.get(f"/channels/{self.channel_id}/messages?limit=1")).json()
        return listed[0]

    async def show(self, who: Actor) -> Any:
        """Return what op 13 shows somebody."""
        shown = await self.api.built.voice.show_call(int(who.id), int(self.channel_id))
        return None if shown is None else msgspec.json.decode(shown)


@pytest.fixture
async def calls(api: ApiUnderTest) -> Calls:
    alice, bob = await api.register(), await api.register()
    await api.befriend(alice, bob)
    channel_id = (await alice.post("/users/@me/channels", {"recipient_id": bob.id})).json()["id"]
    return Calls(api, alice, bob, channel_id)


async def test_call_lasts_from_the_first_who_joins_to_the_last_who_leaves(calls: Calls) -> None:
    alice, bob = calls.alice, calls.bob
    await calls.join(alice, self_mute=True)
    message = await calls.newest()
    assert (message["type"], message["author"]["id"]) == (3, alice.id)
    assert message["call"] == {"participants": [alice.id], "ended_timestamp": None}
    assert [user["id"] for user in message["mentions"]] == [bob.id]
    for who in (alice, bob):
        (first, state), (second, call) = calls.hear(who)
        assert (first, second) == ("VOICE_STATE_UPDATE", "CALL_CREATE")
        assert (state["guild_id"], state["channel_id"], state["user_id"]) == (None, calls.channel_id, alice.id)
        assert (state["session_id"], state["self_mute"]) == (f"s{alice.id}", True)
        assert (call["channel_id"], call["message_id"], call["ringing"]) == (calls.channel_id, message["id"], [])
        assert call["voice_states"] == [state]
    assert (await calls.show(bob))["voice_states"] == [state]

    await calls.join(bob)
    assert [(event, d["user_id"]) for event, d in calls.hear(alice)] == [("VOICE_STATE_UPDATE", bob.id)]
    await calls.leave(alice)
    assert [(event, d["user_id"], d["channel_id"]) for event, d in calls.hear(bob)[1:]] == [
        ("VOICE_STATE_UPDATE", alice.id, None)
    ]
    await calls.leave(bob)
    assert [event for event, _ in calls.hear(alice)[1:]] == ["VOICE_STATE_UPDATE", "CALL_DELETE"]
    ended = await calls.newest()
    assert ended["id"] == message["id"]
    assert ended["call"]["participants"] == [alice.id, bob.id]
    assert ended["call"]["ended_timestamp"] is not None
    assert ended["edited_timestamp"] is None
    assert await calls.show(bob) is None
    assert await calls.api.store.calls.find(int(calls.channel_id)) is None


async def test_whoever_is_rung_stops_being_so_by_joining_refusing_or_in_time(calls: Calls) -> None:
    alice, bob = calls.alice, calls.bob
    assert (await alice.get(calls.path)).json() == {"ringable": True}
    await calls.join(alice)
    assert (await alice.post(f"{calls.path}/ring", {"recipients": None})).status_code == 204
    assert (await calls.show(bob))["ringing"] == [bob.id]
    calls.hear(bob)
    assert (await bob.post(f"{calls.path}/stop-ringing")).status_code == 204
    event, update = calls.hear(bob)[0]
    assert (event, update["ringing"], set(update)) == (
        "CALL_UPDATE",
        [],
        {"channel_id", "message_id", "region", "ringing"},
    )
    await alice.post(f"{calls.path}/ring", {"recipients": [bob.id]})
    await calls.join(bob)
    assert (await calls.show(bob))["ringing"] == []
    # Nobody is rung who is there.
    await alice.post(f"{calls.path}/ring")
    assert (await calls.show(bob))["ringing"] == []
    await calls.leave(bob)
    await alice.post(f"{calls.path}/ring")
    await overdue(calls)
    assert await calls.api.built.call_sweep.sweep() == 1
    assert (await calls.show(bob))["ringing"] == []
    assert await calls.api.built.call_sweep.sweep() == 0


async def overdue(calls: Calls) -> None:
    """Make the rings of the call older than they may be."""
    call = await calls.api.store.calls.find(int(calls.channel_id))
    assert call is not None
    old = call.with_rings(call.ringing, until_ms=call.next_end_ms - RING_MS - 1)
    async with calls.api.store.write(users=[int(calls.alice.id)]) as tx:
        await tx.calls.put(old)


async def test_call_that_only_rings_is_over_when_nobody_answers(calls: Calls) -> None:
    alice, bob = calls.alice, calls.bob
    await alice.post(f"{calls.path}/ring")
    message = await calls.newest()
    assert message["call"] == {"participants": [alice.id], "ended_timestamp": None}
    assert calls.hear(bob)[0][1]["ringing"] == [bob.id]
    await bob.post(f"{calls.path}/stop-ringing", {"recipients": [bob.id]})
    assert [event for event, _ in calls.hear(bob)] == ["CALL_DELETE"]
    assert (await calls.newest())["call"]["ended_timestamp"] is not None
    await alice.post(f"{calls.path}/ring")
    await overdue(calls)
    await calls.api.built.call_sweep.sweep()
    assert [event for event, _ in calls.hear(alice)] == ["CALL_CREATE", "CALL_DELETE"] * 2


async def test_one_voice_state_moves_between_calls_and_belongs_to_its_session(calls: Calls) -> None:
    alice, bob = calls.alice, calls.bob
    carol = await calls.api.register()
    await calls.api.befriend(alice, carol)
    other = (await alice.post("/users/@me/channels", {"recipient_id": carol.id})).json()["id"]
    await calls.join(alice)
    calls.hear(alice), calls.hear(bob)
    await calls.join(alice, other)
    assert [(event, d.get("channel_id")) for event, d in calls.hear(bob)] == [
        ("VOICE_STATE_UPDATE", None),
        ("CALL_DELETE", calls.channel_id),
    ]
    assert [(event, d["channel_id"]) for event, d in calls.hear(alice)] == [
        ("VOICE_STATE_UPDATE", other),
        ("CALL_DELETE", calls.channel_id),
        ("CALL_CREATE", other),
    ]
    assert (await calls.newest())["call"]["ended_timestamp"] is not None
    await calls.leave(alice, session="another")
    assert calls.hear(carol)[-1][0] == "CALL_CREATE"
    await calls.api.built.voice.end_voice(0, int(alice.id), f"s{alice.id}")
    assert calls.hear(carol)[-1][0] == "CALL_DELETE"


async def test_whoever_leaves_a_group_leaves_its_call(calls: Calls) -> None:
    alice, bob = calls.alice, calls.bob
    carol = await calls.api.register()
    await calls.api.befriend(alice, carol)
    group = (await alice.post("/users/@me/channels", {"recipients": [bob.id, carol.id]})).json()["id"]
    await calls.join(bob, group)
    await bob.post(f"/channels/{group}/call/ring", {"recipients": [carol.id]})
    calls.hear(alice), calls.hear(carol)
    await alice.delete(f"/channels/{group}/recipients/{carol.id}")
    assert [(event, d["ringing"]) for event, d in calls.hear(alice)] == [("CALL_UPDATE", [])]
    calls.hear(bob)
    await alice.delete(f"/channels/{group}/recipients/{bob.id}")
    assert [event for event, _ in calls.hear(bob)] == ["VOICE_STATE_UPDATE", "CALL_DELETE"]
    assert await calls.api.store.voice_states.find(0, int(bob.id)) is None
    await calls.api.built.call_sweep.sweep()
    assert await calls.api.store.calls.find(int(group)) is None


async def test_who_may_not_call_is_refused(calls: Calls) -> None:
    api, alice, bob = calls.api, calls.alice, calls.bob
    eve = await api.register()
    for route in ("ring", "stop-ringing"):
        assert error_code(await eve.post(f"{calls.path}/{route}")) == (403, 50001)
        assert error_code(await alice.post(f"{calls.path}/{route}", {"recipients": [eve.id]})) == (400, 50033)
    assert error_code(await eve.get(calls.path)) == (403, 50001)
    with pytest.raises(MissingAccess):
        await calls.join(eve)
    place = await store_guild(api, alice)
    assert error_code(await alice.get(f"/channels/{place.channel_id}/call")) == (400, 50024)
    with pytest.raises(WrongChannelType):
        await calls.join(alice, str(place.channel_id))
    assert await calls.show(eve) is None

    await bob.put(f"/users/@me/relationships/{alice.id}", {"type": 2})
    assert (await alice.get(calls.path)).json() == {"ringable": False}
    assert error_code(await alice.post(f"{calls.path}/ring")) == (403, 50007)
    with pytest.raises(CannotSendToUser):
        await calls.join(alice)
    assert await api.store.calls.find(int(calls.channel_id)) is None


async def test_nobody_is_rung_in_a_group_by_whom_it_blocks_and_no_bot_is_called(calls: Calls) -> None:
    api, alice, bob = calls.api, calls.alice, calls.bob
    carol = await api.register()
    await api.befriend(alice, carol)
    group = (await alice.post("/users/@me/channels", {"recipients": [bob.id, carol.id]})).json()["id"]
    await bob.put(f"/users/@me/relationships/{carol.id}", {"type": 2})
    await carol.post(f"/channels/{group}/call/ring")
    call = await api.store.calls.find(int(group))
    assert call is not None
    assert call.ringing == (int(alice.id),)

    bot = await api.make_bot(alice)
    guild = await store_guild(api, alice)
    await api.let_in(alice, bot, str(guild.guild_id))
    direct = (await alice.post("/users/@me/channels", {"recipient_id": bot.id})).json()["id"]
    assert (await alice.get(f"/channels/{direct}/call")).json() == {"ringable": False}
    assert error_code(await bot.post(f"/channels/{direct}/call/ring")) == (403, 20001)
    with pytest.raises(CannotSendToUser):
        await calls.join(alice, direct)


async def test_end_of_a_call_that_a_process_has_left_half_done_is_settled(calls: Calls) -> None:
    await calls.join(calls.alice)
    call = await calls.api.store.calls.find(int(calls.channel_id))
    assert call is not None
    async with calls.api.store.write(users=[int(calls.alice.id)]) as tx:
        await tx.voice_states.remove(0, int(calls.alice.id))
        await tx.calls.put(call.end(1_700_000_000_000))
    assert await calls.show(calls.bob) is None
    await calls.api.built.call_sweep.sweep()
    assert (await calls.newest())["call"]["ended_timestamp"] == "2023-11-14T22:13:20.000000+00:00"
    assert await calls.api.store.calls.find(int(calls.channel_id)) is None


async def test_who_is_in_a_call_chooses_its_region_and_later_ones_come_there(open_api: OpenApi) -> None:
    async with open_api(voice=VoiceSettings(regions=("us-east",))) as api:
        alice, bob = await api.register(), await api.register()
        await api.befriend(alice, bob)
        channel = (await alice.post("/users/@me/channels", {"recipient_id": bob.id})).json()["id"]
        calls = Calls(api, alice, bob, channel)
        await calls.join(alice)
        assert (await calls.show(alice))["region"] == "automatic"
        assert (await alice.patch(calls.path, {"region": "us-east"})).status_code == 204
        assert calls.hear(bob)[-1][1]["region"] == "us-east"
        assert (await calls.show(bob))["region"] == "us-east"
        await calls.join(bob)
        joined = [event for event in api.events("VOICE_STATE_UPDATE") if event.user_id == int(bob.id)][-1]
        assert joined.region == "us-east"
        assert (await alice.patch(calls.path, {})).status_code == 204
        assert (await calls.show(bob))["region"] == "us-east"
        assert (await alice.patch(calls.path, {"region": None})).status_code == 204
        assert calls.hear(bob)[-1][1]["region"] == "automatic"
        assert form_code(await alice.patch(calls.path, {"region": "atlantis"}), "region") == "BASE_TYPE_CHOICES"
        await calls.leave(bob)
        assert error_code(await bob.patch(calls.path, {"region": "us-east"})) == (404, 10065)
