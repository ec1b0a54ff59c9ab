"""Fixtures of the links' contract suite."""

from collections.abc import Iterator

import pytest

from tests.contract.links.party import ADA, BOB, Ground, Party
from tests.contract.links.real_grounds import RedisGround, TcpGround
from tests.contract.links.simulated_ground import SimulatedGround


@pytest.fixture(params=["tcp", "redis", "simulated"])
def ground(request: pytest.FixtureRequest) -> Iterator[Ground]:
    """A carrier."""
    chosen: Ground
    match request.param:
        case "tcp":
            chosen = TcpGround()
        case "redis":
            port = request.getfixturevalue("redis_server").service.port
            chosen = RedisGround(f"redis://127.0.0.1:{port}/0")
        case _:
            chosen = SimulatedGround()
    yield chosen
    chosen.close()


@pytest.fixture
def ada(ground: Ground) -> Party:
    """The party that dials."""
    return ground.start(ADA)


@pytest.fixture
def bob(ground: Ground, ada: Party) -> Party:
    """The other one; both talk."""
    party = ground.start(BOB)
    ground.introduce(party, ada)
    ground.introduce(ada, party)
    ground.run_until(lambda: ada.is_talking and party.is_talking)
    return party
