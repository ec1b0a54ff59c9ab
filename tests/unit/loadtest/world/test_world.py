"""Which worlds a run may use again."""

import pytest

from loadtest.world.world import Community, Inhabitant, World

PEOPLE = [Inhabitant(id=str(number), token="t", guild=0) for number in range(10)]
WORLD = World("http://a", "ws://a", guild_size=5, channels=2, people=PEOPLE, guilds=[Community("1", ["2", "3"])])
EVERYBODY = World("http://a", "ws://a", guild_size=0, channels=2, people=PEOPLE, guilds=[Community("1", ["2", "3"])])


@pytest.mark.parametrize(
    ("world", "people", "guild_size", "channels", "api", "fits"),
    [
        (WORLD, 10, 5, 2, "http://a", True),
        (WORLD, 4, 5, 2, "http://a", True),
        (WORLD, 11, 5, 2, "http://a", False),
        (WORLD, 10, 4, 2, "http://a", False),
        (WORLD, 10, 5, 3, "http://a", False),
        (WORLD, 10, 5, 2, "http://b", False),
        (EVERYBODY, 10, 0, 2, "http://a", True),
        (EVERYBODY, 9, 0, 2, "http://a", False),
    ],
)
def test_fits(world: World, people: int, guild_size: int, channels: int, api: str, fits: bool) -> None:
    assert world.fits(api=api, people=people, guild_size=guild_size, channels=channels) is fits
