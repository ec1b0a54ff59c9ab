"""When people were last seen: kept for who wants it, and shown to whom they allow."""

import asyncio

import msgspec
import pytest

from api.services.presence.seen_times import SeenTimes
from core.domain.errors import Unavailable
from core.domain.events import USER_UNSEEN, Audience
from core.domain.people.last_seen import LastSeen
from core.store.sql.store import SqlStore
from core.wire.envelope import NO_ID, Envelope
from core.wire.internal_events import UserUnseen
from core.wire.times import iso_time
from tests.fakes.memory_bus import MemoryBus
from tests.support.embedded_api import Actor, ApiUnderTest
from tests.support.guild_scene import Scene, error_code

MINE = "/users/@me/last-seen"
SEEN_MS = 1_700_000_000_000


def unseen(person_id: str, at_ms: int) -> Envelope:
    payload = msgspec.Raw(msgspec.json.encode(UserUnseen(at_ms)))
    return Envelope(id=NO_ID, event=USER_UNSEEN, audience=Audience.USER, payload=payload, user_id=int(person_id))


async def leave(api: ApiUnderTest, person: Actor, at_ms: int = SEEN_MS) -> None:
    """Tell the API, as the gateway does, that others see the person as offline since this time."""
    api.store.bus.publish_volatile([unseen(person.id, at_ms)])
    while (kept := await api.store.last_seen.find(int(person.id))) is None or kept.seen_ms != at_ms:  # noqa: ASYNC110
        await asyncio.sleep(0)


async def seen_by(reader: Actor, person: Actor) -> str | None:
    answer = await reader.get(f"/users/{person.id}/last-seen")
    assert answer.status_code == 200, answer.text
    shown = answer.json()
    assert shown == {"user_id": person.id, "last_seen": shown["last_seen"]}
    return shown["last_seen"]  # type: ignore[no-any-return]


async def test_time_is_shown_to_friends_alone_unless_the_person_shows_it_to_acquaintances(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    alice, friend, stranger = await scene.join(), await api.register(), await api.register()
    await api.befriend(alice, friend)
    assert (await alice.put(MINE, {})).json() == {"user_id": alice.id, "last_seen": None, "seen_by": "friends"}
    await leave(api, alice)
    assert await seen_by(friend, alice) == iso_time(SEEN_MS)
    assert await seen_by(scene.owner, alice) is None
    own = (await alice.put(MINE, {"seen_by": "acquaintances"})).json()
    assert own == (await alice.get(MINE)).json() == (await alice.get(f"/users/{alice.id}/last-seen")).json()
    assert own == {"user_id": alice.id, "last_seen": iso_time(SEEN_MS), "seen_by": "acquaintances"}
    assert await seen_by(scene.owner, alice) == iso_time(SEEN_MS)
    assert await seen_by(stranger, alice) is None


async def test_neither_side_of_a_block_sees_the_other(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    alice = await scene.join()
    await alice.put(MINE, {"seen_by": "acquaintances"})
    await leave(api, alice)
    for blocking, blocked in ((alice, scene.owner), (scene.owner, alice)):
        assert await seen_by(scene.owner, alice) == iso_time(SEEN_MS)
        await blocking.put(f"/users/@me/relationships/{blocked.id}", {"type": 2})
        assert await seen_by(scene.owner, alice) is None
        await blocking.delete(f"/users/@me/relationships/{blocked.id}")


async def test_nothing_is_kept_of_who_does_not_want_it(api: ApiUnderTest) -> None:
    alice, bob = await api.register(), await api.register()
    await bob.put(MINE, {})
    api.store.bus.publish_volatile([unseen(alice.id, SEEN_MS)])
    await leave(api, bob)
    assert await api.store.last_seen.find(int(alice.id)) is None
    for _ in range(2):
        assert (await bob.delete(MINE)).status_code == 204
    assert (await bob.get(MINE)).json() == {"user_id": bob.id, "last_seen": None, "seen_by": None}
    assert (await bob.put(MINE, {})).json()["last_seen"] is None


async def test_bots_neither_see_it_nor_have_it_and_wrong_requests_are_refused(api: ApiUnderTest) -> None:
    alice = await api.register()
    bot = await api.make_bot(alice)
    for answer in (await bot.get(f"/users/{alice.id}/last-seen"), await bot.put(MINE, {}), await bot.delete(MINE)):
        assert error_code(answer)[0] == 403
    assert error_code(await alice.get("/users/1/last-seen")) == (404, 10013)
    assert error_code(await alice.put(MINE, {"seen_by": "everybody"})) == (400, 50035)
    assert (await api.nobody.get(MINE)).status_code == 401


class _Failing:
    """The reading half of a store that does not answer, some times."""

    def __init__(self, store: SqlStore, *, failures: int) -> None:
        self._store = store
        self._failures = failures
        self.last_seen = self

    async def find_many(self, user_ids: dict[int, int]) -> dict[int, LastSeen]:
        if self._failures:
            self._failures -= 1
            raise Unavailable
        return await self._store.last_seen.find_many(user_ids)

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)


async def test_times_wait_while_the_store_does_not_answer(api: ApiUnderTest) -> None:
    alice = await api.register()
    await alice.put(MINE, {})
    bus = MemoryBus(num_shards=1)
    times = SeenTimes(store=_Failing(api.store, failures=1), bus=bus)  # type: ignore[arg-type]
    bus.publish_volatile([unseen(alice.id, SEEN_MS + 5)])
    bus.publish_volatile([unseen(alice.id, SEEN_MS)])
    with pytest.raises(Unavailable):
        await times.write()
    await times.write()
    assert (await alice.get(MINE)).json()["last_seen"] == iso_time(SEEN_MS + 5)
