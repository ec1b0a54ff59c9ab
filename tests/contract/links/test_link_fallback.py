"""The fallback: used while a direct wire cannot be had, and left for one without losing or repeating a frame."""

from collections.abc import Iterator

import pytest

from core.links.bounds import LinkBounds
from tests.contract.links.party import ADA, BEGUN, BOB, Party, number
from tests.contract.links.simulated_ground import GroundWithFallback

BOUNDS = LinkBounds(silence_s=2.0, handshake_s=2.0, patience_s=1.0)
"""Longer than the slowest packet takes."""


@pytest.fixture(params=range(3))
def ground(request: pytest.FixtureRequest) -> Iterator[GroundWithFallback]:
    chosen = GroundWithFallback(seed=request.param)
    yield chosen
    chosen.close()


@pytest.fixture
def pair(ground: GroundWithFallback) -> tuple[Party, Party]:
    """Two parties that talk directly."""
    ada, bob = ground.start(ADA, bounds=BOUNDS), ground.start(BOB, bounds=BOUNDS)
    ground.introduce(ada, bob)
    ground.introduce(bob, ada)
    ground.run_until(lambda: ada.links.carrier_of(BOB) == bob.links.carrier_of(ADA) == "simulated")
    return ada, bob


def test_a_stream_goes_on_through_redis_and_back(ground: GroundWithFallback, pair: tuple[Party, Party]) -> None:
    ada, bob = pair
    frames = number(0, 8000)
    carriers: list[str] = []

    for index in range(0, len(frames), 5):
        if index == 100:
            ground.part(ada, bob)
        if index == 4000:
            ground.heal(ada, bob)
        for frame in frames[index : index + 5]:
            ada.links.send(BOB, frame)
            bob.links.send(ADA, frame)
        ground.world.run_for(0.005)
        if carriers[-1:] != [ada.links.carrier_of(BOB)]:
            carriers.append(ada.links.carrier_of(BOB))

    ground.run_until(lambda: len(ada.frames) >= len(frames) and len(bob.frames) >= len(frames))
    assert carriers == ["simulated", "", "redis", "simulated"]
    assert ada.heard == bob.heard == [BEGUN, *frames]
    assert bob.links.carrier_of(ADA) == "simulated"


def test_what_redis_loses_is_sent_again(ground: GroundWithFallback, pair: tuple[Party, Party]) -> None:
    ada, bob = pair
    ground.part(ada, bob)
    ground.run_until(lambda: ada.links.carrier_of(BOB) == bob.links.carrier_of(ADA) == "redis")

    for index in range(20):
        for frame in number(index * 10, 10):
            assert ada.links.send(BOB, frame)
            assert bob.links.send(ADA, frame)
        if index % 5 == 2:
            ground.readers[(ADA, BOB)[index % 2]].break_off()
        if index % 5 == 4:
            ground.clients[(ADA, BOB)[index % 2]].break_off()  # only what is published is lost, and nobody is told
        if index % 7 == 3:
            ground.redis.stop()
            ground.redis.start()
        ground.run_a_moment()

    ground.run_until(lambda: len(ada.frames) >= 200 and len(bob.frames) >= 200)
    assert ada.heard == bob.heard == [BEGUN, *number(0, 200)]


def test_a_short_cut_does_not_need_the_fallback(ground: GroundWithFallback, pair: tuple[Party, Party]) -> None:
    ada, bob = pair
    ground.cut(ada, bob)
    carriers: set[str] = set()

    for _ in range(200):
        ground.world.run_for(0.005)
        carriers.add(ada.links.carrier_of(BOB))

    assert carriers == {"simulated", ""}
