"""Which worlds a run may use again."""

import pytest

from loadtest.world.world import Community, Inhabitant, Shape, World

PEOPLE = [Inhabitant(id=str(number), token="t", guild=0) for number in range(10)]
GUILDS = [Community("1", ["2", "3"], ["4"])]
WORLD = World("http://a", ["ws://a"], Shape(5, channels=2, rooms=1), PEOPLE, GUILDS)
EVERYBODY = World("http://a", ["ws://a"], Shape(0, channels=2), PEOPLE, GUILDS)


@pytest.mark.parametrize(
    ("world", "people", "shape", "api", "fits"),
    [
        (WORLD, 10, Shape(5, 2), "http://a", True),
        (WORLD, 4, Shape(5, 2), "http://a", True),
        (WORLD, 11, Shape(5, 2), "http://a", False),
        (WORLD, 10, Shape(4, 2), "http://a", False),
        (WORLD, 10, Shape(5, 3), "http://a", False),
        (WORLD, 10, Shape(5, 2), "http://b", False),
        (WORLD, 10, Shape(5, 2, rooms=1), "http://a", True),
        (WORLD, 10, Shape(5, 2, rooms=2), "http://a", False),
        (EVERYBODY, 10, Shape(0, 2), "http://a", True),
        (EVERYBODY, 9, Shape(0, 2), "http://a", False),
    ],
)
def test_fits(world: World, people: int, shape: Shape, api: str, fits: bool) -> None:
    assert world.fits(api=api, people=people, shape=shape) is fits
