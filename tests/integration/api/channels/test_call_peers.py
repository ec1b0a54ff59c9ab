"""Calls from client to client: all in the call must want it, and nobody else is told anything, least of all an address."""

import logging
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from core.domain.channels.peering import CONNECT_MS
from core.runtime.settings.settings import VoiceSettings
from core.wire.voice_wish import VoiceWish
from tests.fakes.clock import FakeClock
from tests.integration.api.conftest import HIGH_LIMITS, OpenApi
from tests.support.embedded_api import Actor, ApiUnderTest
from tests.support.guild_scene import error_code, form_code

SETTING = "/users/@me/peer-to-peer"
SDP = "v=0\r\no=- 1 1 IN IP4 192.0.2.7\r\na=candidate:1 1 udp 1 192.0.2.7 9 typ host\r\n"
CANDIDATE = {
    "candidate": "candidate:1 1 udp 1 192.0.2.7 9 typ host",
    "sdpMid": "0",
    "sdpMLineIndex": 0,
    "usernameFragment": "aB+/",
}


class Scene:
    """A group of three, in whose calls two, or as many as the test says, may go without a node."""

    def __init__(self, api: ApiUnderTest, clock: FakeClock, people: list[Actor], channel_id: str) -> None:
        self.api = api
        self.clock = clock
        self.ada, self.bob, self.eve = people
        self.channel_id = channel_id
        self.path = f"/channels/{channel_id}/call/peers"
        self._heard = 0

    async def join(self, *people: Actor, channel_id: str | None = "", device: str = "pc") -> None:
        """Let people join the call with a device, or leave it."""
        wanted = self.channel_id if channel_id == "" else channel_id
        for who in people:
            wish = VoiceWish(channel_id=None if wanted is None else int(wanted))
            await self.api.built.voice.join_from_gateway(int(who.id), session_of(who, device), wish)

    async def agree(self, *people: Actor, device: str = "pc") -> Any:
        """Let people agree; return the last answer."""
        for who in people:
            answer = await who.put(f"{self.path}/@me", {"session_id": session_of(who, device)})
            assert answer.status_code == 200, answer.text
        return answer.json()

    async def begin(self, *people: Actor) -> str:
        """Let these begin a round, and return it."""
        await self.join(*people)
        begun = (await self.agree(*people))["round_id"]
        assert isinstance(begun, str)
        self.hear()
        return begun

    async def signal(self, who: Actor, to: Actor, round_id: str, **body: Any) -> Any:
        """Send an offer, or what else is said."""
        body = body if body.get("type") == "candidates" else {"type": "offer", "sdp": SDP, **body}
        return await who.post(f"{self.path}/{to.id}/signals", {"round_id": round_id, **body})

    async def report(self, who: Actor, round_id: str, state: str) -> Any:
        """Say how it goes."""
        return await who.patch(f"{self.path}/@me", {"round_id": round_id, "state": state})

    def hear(self) -> list[tuple[str, str, Any]]:
        """Return what was told since the last time: to which session, which state or type, and `d`."""
        events = self.api.events("CALL_PEERS_UPDATE", "CALL_PEER_SIGNAL")
        new, self._heard = events[self._heard :], len(events)
        bodies = [(event, msgspec.json.decode(event.payload)) for event in new]
        assert all(event.session_id.endswith(str(event.user_id)) for event in new)
        return [(event.session_id, body.get("state") or body["type"], body) for event, body in bodies]

    def reasons(self) -> dict[str, str]:
        """Return the sessions that were told to go to the node since the last time, and why."""
        heard = self.hear()
        assert {state for _, state, _ in heard} <= {"node"}
        return {session_id: d["reason"] for session_id, _, d in heard}


def session_of(who: Actor, device: str = "pc") -> str:
    return f"{device}{who.id}"


async def make_scene(api: ApiUnderTest, clock: FakeClock) -> Scene:
    people = [await api.register() for _ in range(3)]
    await api.befriend(*people)
    recipients = {"recipients": [person.id for person in people[1:]]}
    channel_id = (await people[0].post("/users/@me/channels", recipients)).json()["id"]
    for person in people:
        assert (await person.patch(SETTING, {"enabled": True})).json() == {"enabled": True}
    return Scene(api, clock, people, channel_id)


@pytest.fixture
async def scene(open_api: OpenApi) -> AsyncIterator[Scene]:
    clock = FakeClock()
    async with open_api(voice=VoiceSettings(most_peers=2), clock=clock) as api:
        yield await make_scene(api, clock)


async def test_two_agree_send_each_other_signals_and_say_that_they_are_connected(scene: Scene) -> None:
    ada, bob = scene.ada, scene.bob
    await scene.join(ada, bob)
    waiting = await scene.agree(ada)
    assert (waiting["state"], waiting["peers"], waiting["round_id"]) == ("waiting", [ada.id], None)
    assert [(who, state) for who, state, _ in scene.hear()] == [(session_of(ada), "waiting")]
    begun = await scene.agree(bob)
    assert (begun["state"], begun["peers"], begun["most_peers"]) == ("direct", [ada.id, bob.id], 2)
    told = scene.hear()
    assert sorted((who, state) for who, state, _ in told) == sorted((session_of(each), "direct") for each in (ada, bob))
    assert all(d["round_id"] == begun["round_id"] and "most_peers" not in d for _, _, d in told)

    assert (await scene.signal(ada, bob, begun["round_id"])).status_code == 204
    candidates = {"type": "candidates", "candidates": [CANDIDATE, {"candidate": ""}]}
    assert (await scene.signal(bob, ada, begun["round_id"], **candidates)).status_code == 204
    (to_bob, _, offer), (to_ada, _, sent) = scene.hear()
    assert (to_bob, to_ada) == (session_of(bob), session_of(ada))
    head = {"channel_id": scene.channel_id, "round_id": begun["round_id"]}
    assert offer == {**head, "user_id": ada.id, "type": "offer", "sdp": SDP}
    last = {"candidate": "", "sdpMid": None, "sdpMLineIndex": None, "usernameFragment": None}
    assert sent == {**head, "user_id": bob.id, "type": "candidates", "candidates": [CANDIDATE, last]}

    for who in (ada, bob):
        assert (await scene.report(who, begun["round_id"], "connected")).status_code == 204
    assert scene.hear()[-1][2]["connected"] == [ada.id, bob.id]
    scene.clock.advance(CONNECT_MS)
    await scene.api.built.call_sweep.sweep()
    shown = (await bob.get(scene.path)).json()
    assert (shown["state"], shown["connected"]) == ("direct", [ada.id, bob.id])


async def test_signals_are_in_no_log_and_no_store(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    begun = await scene.begin(scene.ada, scene.bob)
    await scene.signal(scene.ada, scene.bob, begun)
    await scene.signal(scene.ada, scene.bob, begun, sdp=f"{SDP}x" * 600)
    assert scene.api.events("CALL_PEER_SIGNAL")
    kept = [each for each in scene.api.deliveries if each.position and b"192.0.2.7" in bytes(each.envelope.payload)]
    assert kept == []
    assert "192.0.2.7" not in caplog.text + "".join(str(vars(record)) for record in caplog.records)


async def test_whoever_comes_sends_all_to_the_node_and_they_may_agree_anew(open_api: OpenApi) -> None:
    clock = FakeClock()
    async with open_api(voice=VoiceSettings(most_peers=3), clock=clock) as api:
        scene = await make_scene(api, clock)
        begun = await scene.begin(scene.ada, scene.bob)
        await scene.join(scene.eve)
        assert scene.reasons() == dict.fromkeys(map(session_of, (scene.ada, scene.bob)), "joined")
        assert error_code(await scene.signal(scene.ada, scene.bob, begun)) == (404, 0)
        assert (await scene.agree(scene.ada, scene.bob))["state"] == "waiting"
        again = await scene.agree(scene.eve)
        assert again["round_id"] not in (None, begun)
        scene.hear()
        await scene.join(scene.eve, channel_id=None)
        told = {who: d for who, _, d in scene.hear()}
        assert (told[session_of(scene.eve)]["state"], told[session_of(scene.eve)]["reason"]) == ("node", "left")
        assert told[session_of(scene.ada)]["peers"] == [scene.ada.id, scene.bob.id]
        assert told[session_of(scene.ada)]["round_id"] == again["round_id"]
        await scene.join(scene.bob, channel_id=None)
        assert scene.reasons() == dict.fromkeys(map(session_of, (scene.ada, scene.bob)), "left")


async def test_consent_that_names_others_than_those_in_the_call_is_none(scene: Scene) -> None:
    ada, bob, eve = scene.ada, scene.bob, scene.eve
    await scene.join(ada, bob, eve)
    consent = {"session_id": session_of(ada)}
    for others in ([bob], [], [bob, eve, await scene.api.register()]):
        towards = [other.id for other in others]
        refused = await ada.put(f"{scene.path}/@me", {**consent, "towards": towards})
        assert error_code(refused) == (400, 0), "somebody has come whom she does not see, or has gone"
    assert scene.hear() == []
    agreed = await ada.put(f"{scene.path}/@me", {**consent, "towards": [eve.id, bob.id]})
    assert agreed.json()["peers"] == [ada.id]


async def test_three_do_not_go_without_a_node_where_two_may(scene: Scene) -> None:
    await scene.join(scene.ada, scene.bob, scene.eve)
    assert (await scene.agree(scene.ada, scene.bob, scene.eve))["state"] == "waiting"
    await scene.join(scene.eve, channel_id=None)
    assert (await scene.ada.get(scene.path)).json()["state"] == "direct"


async def test_round_ends_when_somebody_fails_withdraws_or_is_late(scene: Scene) -> None:
    ada, bob = scene.ada, scene.bob
    both = tuple(map(session_of, (ada, bob)))
    begun = await scene.begin(ada, bob)
    assert (await scene.report(bob, begun, "failed")).status_code == 204
    assert scene.reasons() == dict.fromkeys(both, "failed")
    assert error_code(await scene.report(bob, begun, "failed")) == (404, 0)

    await scene.begin(ada, bob)
    assert (await ada.delete(f"{scene.path}/@me")).status_code == 204
    assert scene.reasons() == dict.fromkeys(both, "withdrawn")

    await scene.begin(ada, bob)
    assert (await bob.patch(SETTING, {"enabled": False})).json() == {"enabled": False}
    assert scene.reasons() == dict.fromkeys(both, "withdrawn")
    await bob.patch(SETTING, {"enabled": True})

    begun = await scene.begin(ada, bob)
    await scene.report(ada, begun, "connected")
    scene.clock.advance((CONNECT_MS - 1) / 1000)
    await scene.api.built.call_sweep.sweep()
    assert (await bob.get(scene.path)).json()["connected"] == [ada.id]
    scene.hear()
    scene.clock.advance(0.001)
    await scene.api.built.call_sweep.sweep()
    assert scene.reasons() == dict.fromkeys(both, "timeout")


async def test_other_device_that_takes_the_call_over_has_not_agreed(scene: Scene) -> None:
    begun = await scene.begin(scene.ada, scene.bob)
    await scene.join(scene.ada)
    assert scene.hear() == []
    assert (await scene.ada.get(scene.path)).json()["round_id"] == begun
    await scene.join(scene.ada, device="phone")
    assert scene.reasons() == dict.fromkeys(map(session_of, (scene.ada, scene.bob)), "joined")
    refused = await scene.ada.put(f"{scene.path}/@me", {"session_id": session_of(scene.ada)})
    assert error_code(refused) == (404, 10065)
    assert (await scene.agree(scene.ada, device="phone"))["state"] == "waiting"
    assert [who for who, _, _ in scene.hear()] == [session_of(scene.ada, "phone")]


async def test_block_ends_a_round_and_there_is_none_before_it_is_lifted(scene: Scene) -> None:
    ada, bob = scene.ada, scene.bob
    begun = await scene.begin(ada, bob)
    assert (await bob.put(f"/users/@me/relationships/{ada.id}", {"type": 2})).status_code == 204
    assert scene.reasons() == dict.fromkeys(map(session_of, (ada, bob)), "blocked")
    assert error_code(await scene.signal(ada, bob, begun)) == (404, 0)
    for who in (ada, bob):
        refused = await who.put(f"{scene.path}/@me", {"session_id": session_of(who)})
        assert error_code(refused) == (403, 50007)
    await scene.join(bob, channel_id=None)
    await scene.join(scene.eve)
    assert (await scene.agree(ada, scene.eve))["state"] == "direct"


async def test_only_those_in_the_call_who_want_it_and_no_bots_take_part(scene: Scene) -> None:
    ada, bob, eve = scene.ada, scene.bob, scene.eve
    begun = await scene.begin(ada, bob)
    stranger = await scene.api.register()
    agreeing = {"session_id": session_of(eve)}
    for who, refusal in ((eve, (404, 10065)), (stranger, (403, 50001))):
        assert error_code(await who.get(scene.path)) == refusal
        assert error_code(await who.put(f"{scene.path}/@me", agreeing)) == refusal
        assert error_code(await who.delete(f"{scene.path}/@me")) == refusal
        assert error_code(await scene.report(who, begun, "failed")) == refusal
    assert error_code(await scene.signal(eve, ada, begun)) == (404, 0)
    assert error_code(await scene.signal(stranger, ada, begun)) == (403, 50001)
    for to in (eve, stranger, ada):
        assert error_code(await scene.signal(ada, to, begun)) == (404, 0)
    assert scene.hear() == []
    bot = await scene.api.make_bot(ada)
    assert error_code(await bot.get(SETTING)) == (403, 20001)
    assert error_code(await bot.put(f"{scene.path}/@me", agreeing)) == (403, 20001)

    await eve.patch(SETTING, {"enabled": False})
    await scene.join(eve)
    assert error_code(await eve.put(f"{scene.path}/@me", agreeing)) == (403, 0)


async def test_operator_allows_none_at_first_and_nobody_wants_it_at_first(open_api: OpenApi) -> None:
    async with open_api(voice=VoiceSettings()) as api:
        person = await api.register()
        assert (await person.get(SETTING)).json() == {"enabled": False}
        scene = await make_scene(api, FakeClock())
        await scene.join(scene.ada, scene.bob)
        assert (await scene.ada.get(scene.path)).json()["most_peers"] == 0
        for who in (scene.ada, scene.bob):
            refused = await who.put(f"{scene.path}/@me", {"session_id": session_of(who)})
            assert error_code(refused) == (403, 0)
        assert scene.hear() == []


async def test_signals_are_bounded_and_counted(open_api: OpenApi) -> None:
    limits = msgspec.structs.replace(HIGH_LIMITS, peer_signals=13)
    async with open_api(voice=VoiceSettings(most_peers=2), limits=limits) as api:
        scene = await make_scene(api, FakeClock())
        ada, bob = scene.ada, scene.bob
        begun = await scene.begin(ada, bob)
        wrong: list[tuple[dict[str, Any], str]] = [
            ({"type": "rollback"}, "type"),
            ({"sdp": "hello"}, "sdp"),
            ({"sdp": SDP + "a=x\r\n" * 4000}, "sdp"),
            ({"sdp": SDP + "a=candidate:1 1 udp 1 192.0.2.7 9 typ host\r\n" * 64}, "sdp"),
            ({"type": "candidates"}, "candidates"),
            ({"type": "candidates", "candidates": []}, "candidates"),
            ({"type": "candidates", "candidates": [CANDIDATE] * 33}, "candidates"),
            ({"type": "candidates", "candidates": [{"candidate": "x" * 10}]}, "candidates"),
            (
                {"type": "candidates", "candidates": [{**CANDIDATE, "candidate": "candidate:" + "1" * 600}]},
                "candidates",
            ),
        ]
        for body, field in wrong:
            refused = await scene.signal(ada, bob, begun, **body)
            assert (refused.status_code, field in refused.json()["errors"]) == (400, True), body
        missing = await ada.post(f"{scene.path}/{bob.id}/signals", {"round_id": begun, "type": "answer"})
        assert form_code(missing, "sdp") == "BASE_TYPE_REQUIRED"
        assert scene.hear() == []
        while (answer := await scene.signal(ada, bob, begun)).status_code == 204:
            pass
        assert answer.status_code == 429
        assert len(scene.hear()) <= 13
        assert (await scene.signal(bob, ada, begun)).status_code == 204
