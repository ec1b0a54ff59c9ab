"""New direct channels and requests for friendship have limits of their own."""

from core.runtime.settings.settings import LimitSettings
from tests.fakes.clock import FakeClock
from tests.integration.api.conftest import OpenApi
from tests.support.embedded_api import Actor, ApiUnderTest
from tests.support.guild_scene import error_code

MINE = "/users/@me/relationships"
LIMITS = LimitSettings(direct_openings=2, friend_requests=2, contacts_window_s=600.0)
OPENED = (200, 0)
TOO_FAST = (429, 40003)


async def _people(api: ApiUnderTest, count: int) -> list[Actor]:
    return [await api.register() for _ in range(count)]


async def _open(one: Actor, other: Actor) -> tuple[int, int]:
    answer = await one.post("/users/@me/channels", {"recipients": [other.id]})
    return OPENED if answer.status_code == 200 else error_code(answer)


async def _ask(one: Actor, other: Actor) -> int:
    return (await one.put(f"{MINE}/{other.id}", {})).status_code


async def test_new_direct_channels_are_limited_and_known_ones_are_not(open_api: OpenApi) -> None:
    clock = FakeClock()
    async with open_api(limits=LIMITS, clock=clock) as api:
        alice, bob, carol, dave = await _people(api, 4)
        assert [await _open(alice, other) for other in (bob, carol, dave)] == [OPENED, OPENED, TOO_FAST]
        assert [await _open(alice, other) for other in (bob, carol, bob)] == [OPENED] * 3
        assert await _open(bob, dave) == OPENED, "another person's openings are counted apart"
        refused = await alice.post("/users/@me/channels", {"recipients": [dave.id]})
        assert 0 < refused.json()["retry_after"] <= 600
        assert await alice.get("/users/@me/channels")
        clock.advance(601)
        assert await _open(alice, dave) == OPENED


async def test_friend_requests_are_limited_and_acceptances_are_not(open_api: OpenApi) -> None:
    clock = FakeClock()
    async with open_api(limits=LIMITS, clock=clock) as api:
        alice, *others = await _people(api, 6)
        for other in others[:3]:
            assert await _ask(other, alice) == 204
        assert [await _ask(alice, other) for other in others[:3]] == [204] * 3
        assert [await _ask(alice, other) for other in others[3:]] == [204, 204]
        assert await _ask(alice, await api.register()) == 429
        assert (await alice.put(f"{MINE}/{others[3].id}", {"type": 2})).status_code == 204, "a block is no request"
        clock.advance(601)
        assert await _ask(alice, await api.register()) == 204


async def test_names_that_nobody_has_count_as_requests(open_api: OpenApi) -> None:
    async with open_api(limits=LIMITS) as api:
        alice = await api.register()
        answers = [await alice.post(MINE, {"username": f"nobody{number}"}) for number in range(3)]
        assert [answer.status_code for answer in answers] == [400, 400, 429]
