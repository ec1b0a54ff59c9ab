"""Friends, requests and blocks over REST, with the events of both sides."""

import asyncio
from typing import Any

import pytest

from api.services.relationships import relationships as service
from core.domain.events import RELATIONSHIP_EVENTS, Audience
from tests.support.embedded_api import Actor, ApiUnderTest
from tests.support.guild_scene import error_code
from tests.support.stores.stored_guild import store_bot

FRIEND, BLOCKED, INCOMING, OUTGOING = 1, 2, 3, 4
MINE = "/users/@me/relationships"


async def sides(actor: Actor) -> dict[str, int]:
    return {each["id"]: each["type"] for each in (await actor.get(MINE)).json()}


async def ask(actor: Actor, other: Actor) -> None:
    assert (await actor.put(f"{MINE}/{other.id}", {})).status_code == 204


async def befriend(one: Actor, other: Actor) -> None:
    await ask(one, other)
    await ask(other, one)


def told(api: ApiUnderTest) -> list[tuple[str, str, int, Any]]:
    """Return what was told: event, to whom, the type, and whether it is to make a sound."""
    envelopes, payloads = api.events(*RELATIONSHIP_EVENTS), api.payloads(*RELATIONSHIP_EVENTS)
    return [
        (envelope.event, str(envelope.user_id), payload["type"], payload.get("should_notify"))
        for envelope, payload in zip(envelopes, payloads, strict=True)
    ]


async def test_request_by_name_shows_on_both_sides_and_is_told_to_both(api: ApiUnderTest) -> None:
    alice, bob = await api.register("alice"), await api.register("bob")
    assert (await alice.post(MINE, {"username": "BOB", "discriminator": None})).status_code == 204
    [own] = (await alice.get(MINE)).json()
    [other] = (await bob.get(MINE)).json()
    assert (own["id"], own["type"], own["user"]["username"], own["nickname"]) == (bob.id, OUTGOING, "bob", None)
    assert (other["id"], other["user_id"], other["type"]) == (alice.id, alice.id, INCOMING)
    assert told(api) == [
        ("RELATIONSHIP_ADD", alice.id, OUTGOING, False),
        ("RELATIONSHIP_ADD", bob.id, INCOMING, True),
    ]
    assert {envelope.audience for envelope in api.events(*RELATIONSHIP_EVENTS)} == {Audience.USER}
    assert api.payloads("RELATIONSHIP_ADD")[1]["user"]["username"] == "alice"


async def test_acceptance_makes_friends_and_notifies_who_has_asked(api: ApiUnderTest) -> None:
    alice, bob = await api.register(), await api.register()
    await ask(alice, bob)
    api.deliveries.clear()
    await ask(bob, alice)
    assert (await sides(alice), await sides(bob)) == ({bob.id: FRIEND}, {alice.id: FRIEND})
    assert told(api) == [
        ("RELATIONSHIP_ADD", bob.id, FRIEND, False),
        ("RELATIONSHIP_ADD", alice.id, FRIEND, True),
    ]


async def test_repeated_request_changes_nothing(api: ApiUnderTest) -> None:
    alice, bob = await api.register(), await api.register()
    await ask(alice, bob)
    await ask(alice, bob)
    assert len(api.events(*RELATIONSHIP_EVENTS)) == 2


async def test_requests_of_both_at_once_make_friends(api: ApiUnderTest) -> None:
    pairs = [(await api.register(), await api.register()) for _ in range(8)]
    await asyncio.gather(*(ask(*way) for one, other in pairs for way in ((one, other), (other, one))))
    for one, other in pairs:
        assert (await sides(one), await sides(other)) == ({other.id: FRIEND}, {one.id: FRIEND})


async def test_block_ends_a_friendship_and_is_not_told_to_the_other(api: ApiUnderTest) -> None:
    alice, bob = await api.register(), await api.register()
    await befriend(alice, bob)
    api.deliveries.clear()
    assert (await alice.put(f"{MINE}/{bob.id}", {"type": BLOCKED})).status_code == 204
    assert (await sides(alice), await sides(bob)) == ({bob.id: BLOCKED}, {})
    assert told(api) == [
        ("RELATIONSHIP_ADD", alice.id, BLOCKED, False),
        ("RELATIONSHIP_REMOVE", bob.id, FRIEND, None),
    ]
    for one, other in ((alice, bob), (bob, alice)):
        assert error_code(await one.put(f"{MINE}/{other.id}", {})) == (400, 80001)


async def test_blocks_of_both_are_lifted_one_by_one(api: ApiUnderTest) -> None:
    alice, bob = await api.register(), await api.register()
    for one, other in ((alice, bob), (bob, alice)):
        await one.put(f"{MINE}/{other.id}", {"type": BLOCKED})
    assert (await sides(alice), await sides(bob)) == ({bob.id: BLOCKED}, {alice.id: BLOCKED})
    assert (await alice.delete(f"{MINE}/{bob.id}")).status_code == 204
    assert (await sides(alice), await sides(bob)) == ({}, {alice.id: BLOCKED})
    assert error_code(await alice.post(MINE, {"username": await name_of(bob)})) == (400, 80001)


async def name_of(actor: Actor) -> str:
    return str((await actor.get("/users/@me")).json()["username"])


@pytest.mark.parametrize("by_asker", [True, False])
async def test_request_is_taken_back_or_refused(api: ApiUnderTest, *, by_asker: bool) -> None:
    alice, bob = await api.register(), await api.register()
    await ask(alice, bob)
    api.deliveries.clear()
    who, whom = (alice, bob) if by_asker else (bob, alice)
    for _ in range(2):
        assert (await who.delete(f"{MINE}/{whom.id}")).status_code == 204
    assert (await sides(alice), await sides(bob)) == ({}, {})
    assert sorted(told(api)) == sorted(
        [("RELATIONSHIP_REMOVE", alice.id, OUTGOING, None), ("RELATIONSHIP_REMOVE", bob.id, INCOMING, None)]
    )


async def test_nickname_is_for_friends_and_seen_by_its_giver_alone(api: ApiUnderTest) -> None:
    alice, bob = await api.register(), await api.register()
    await ask(alice, bob)
    assert error_code(await alice.patch(f"{MINE}/{bob.id}", {"nickname": "Bo"})) == (404, 10013)
    await ask(bob, alice)
    api.deliveries.clear()
    for _ in range(2):
        assert (await alice.patch(f"{MINE}/{bob.id}", {"nickname": " Bo "})).status_code == 204
    assert (await alice.get(MINE)).json()[0]["nickname"] == "Bo"
    assert (await bob.get(MINE)).json()[0]["nickname"] is None
    assert told(api) == [("RELATIONSHIP_UPDATE", alice.id, FRIEND, None)]
    assert api.payloads("RELATIONSHIP_UPDATE")[0]["nickname"] == "Bo"
    await alice.patch(f"{MINE}/{bob.id}", {"nickname": None})
    assert (await alice.get(MINE)).json()[0]["nickname"] is None
    assert error_code(await alice.patch(f"{MINE}/{bob.id}", {"nickname": "x" * 33})) == (400, 50035)


async def test_senseless_requests_say_why(api: ApiUnderTest) -> None:
    alice, bob, robot = await api.register("alice"), await api.register(), await store_bot(api)
    await befriend(alice, bob)
    wrong = {
        f"{MINE}/{alice.id}": (400, 80003),
        f"{MINE}/{robot.id}": (400, 80002),
        f"{MINE}/{bob.id}": (400, 80007),
        f"{MINE}/5": (404, 10013),
    }
    for path, expected in wrong.items():
        assert error_code(await alice.put(path, {})) == expected
    for body in ({"username": "nobody"}, {"username": "alice", "discriminator": "1234"}, {"username": "x" * 100}):
        assert error_code(await bob.post(MINE, body)) == (400, 80004)
    assert error_code(await alice.post(MINE, {"username": "alice", "discriminator": "0"})) == (400, 80003)
    assert error_code(await alice.put(f"{MINE}/{alice.id}", {"type": BLOCKED})) == (400, 80003)
    for body in ({"type": 3}, {"type": 4}, {"type": "x"}, {"type": 99}):
        assert error_code(await alice.put(f"{MINE}/{bob.id}", body)) == (400, 50035)
    assert error_code(await alice.post(MINE, {})) == (400, 50035)


async def test_bots_have_no_relationships(api: ApiUnderTest) -> None:
    alice, robot = await api.register("alice"), await store_bot(api)
    answers = [
        await robot.get(MINE),
        await robot.post(MINE, {"username": "alice"}),
        await robot.put(f"{MINE}/{alice.id}", {}),
        await robot.patch(f"{MINE}/{alice.id}", {}),
        await robot.delete(f"{MINE}/{alice.id}"),
    ]
    assert {error_code(answer) for answer in answers} == {(403, 20001)}


async def test_person_may_block_a_bot(api: ApiUnderTest) -> None:
    alice, robot = await api.register(), await store_bot(api)
    assert (await alice.put(f"{MINE}/{robot.id}", {"type": BLOCKED})).status_code == 204
    assert await sides(alice) == {robot.id: BLOCKED}


async def test_limits_of_friends_of_waiting_requests_and_of_blocks(
    api: ApiUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("MAX_FRIENDS", "MAX_INCOMING", "MAX_BLOCKED"):
        monkeypatch.setattr(service, name, 2)
    alice, bob, carol, dave = [await api.register() for _ in range(4)]
    await ask(alice, bob)
    await ask(carol, alice)
    await ask(alice, carol)
    assert error_code(await alice.put(f"{MINE}/{dave.id}", {})) == (400, 30002)
    await ask(dave, alice)
    assert error_code(await alice.put(f"{MINE}/{dave.id}", {})) == (400, 30002)
    await ask(bob, alice)
    assert await sides(alice) == {bob.id: FRIEND, carol.id: FRIEND, dave.id: INCOMING}
    strangers = [await api.register() for _ in range(2)]
    await ask(strangers[0], alice)
    assert error_code(await strangers[1].put(f"{MINE}/{alice.id}", {})) == (400, 80000)
    for other in (bob, carol):
        assert (await alice.put(f"{MINE}/{other.id}", {"type": BLOCKED})).status_code == 204
    assert error_code(await alice.put(f"{MINE}/{dave.id}", {"type": BLOCKED})) == (400, 30002)


async def test_mutual_friends_are_those_of_both(api: ApiUnderTest) -> None:
    alice, bob, carol, dora = [await api.register() for _ in range(4)]
    await api.befriend(carol, alice, bob)
    await api.befriend(dora, alice)
    await ask(bob, dora)
    path = f"/users/{bob.id}/relationships"
    assert [user["id"] for user in (await alice.get(path)).json()] == [carol.id]
    assert error_code(await alice.get("/users/5/relationships")) == (404, 10013)
    assert (await bob.put(f"{MINE}/{alice.id}", {"type": BLOCKED})).status_code == 204
    assert (await alice.get(path)).json() == []


async def test_profile_is_not_opened_by_what_one_does_alone(api: ApiUnderTest) -> None:
    alice, bob = [await api.register() for _ in range(2)]
    path = f"/users/{alice.id}/profile"
    channel = (await bob.post("/users/@me/channels", {"recipient_id": alice.id})).json()["id"]
    assert error_code(await bob.get(path)) == (403, 50001)
    await ask(bob, alice)
    assert error_code(await bob.get(path)) == (403, 50001)
    assert (await bob.put(f"{MINE}/{alice.id}", {"type": BLOCKED})).status_code == 204
    assert error_code(await bob.get(path)) == (403, 50001)
    assert (await alice.post("/users/@me/channels", {"recipient_id": bob.id})).json()["id"] == channel
    assert (await bob.get(path)).status_code == 200
    bot = await api.make_bot(alice)
    assert (await bob.get(f"/users/{bot.id}/profile")).status_code == 200


async def test_profile_of_a_friend_or_of_who_asks_is_shown_with_mutual_friends(api: ApiUnderTest) -> None:
    alice, bob, carol = [await api.register() for _ in range(3)]
    path = f"/users/{alice.id}/profile"
    assert error_code(await bob.get(path)) == (403, 50001)
    await ask(alice, bob)
    assert (await bob.get(path)).status_code == 200
    await api.befriend(carol, alice, bob)
    profile = (await bob.get(path)).json()
    assert [user["id"] for user in profile["mutual_friends"]] == [carol.id]
    assert profile["mutual_friends_count"] == 1
    await carol.put(f"{MINE}/{bob.id}", {"type": BLOCKED})
    assert (await bob.get(path)).json()["mutual_friends"] == []
