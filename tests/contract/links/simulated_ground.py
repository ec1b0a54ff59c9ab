"""Parties on a simulated network."""

from collections.abc import Callable
from random import Random

from typing_extensions import override

from core.links.bounds import LinkBounds
from core.links.redis import RedisCarrier
from core.links.wires import Carriers
from core.links.worker_links import WorkerLinks
from tests.contract.links.party import QUICK, SECRET, Ground, Party, identify
from tests.fakes.redis.server import FakeRedisServer
from tests.simulation.world.link_network import ADDRESS, LinkNetwork
from tests.simulation.world.process_loop import ProcessLoop
from tests.simulation.world.redis_links import RedisHost, RedisLink, TopicLink
from tests.simulation.world.server import SimulatedClock
from tests.simulation.world.world import World

_LIMIT_S = 60.0


class SimulatedGround(Ground):
    """A world of its own, decided by a seed."""

    def __init__(self, seed: int = 1) -> None:
        self.world = World(seed)
        self.network = LinkNetwork(world=self.world, chance=self.world.chance("links"))
        self.loops: dict[str, ProcessLoop] = {}

    @override
    def start(
        self, incarnation: str, *, bounds: LinkBounds = QUICK, secret: bytes = SECRET, cluster: str = "cluster"
    ) -> Party:
        loop = self.loops[incarnation] = self.world.make_loop(incarnation)
        party, chance = Party(incarnation), self.world.chance(incarnation)
        party.links = WorkerLinks(
            identity=identify(incarnation, secret, cluster),
            listener=party,
            carriers=self.choose_carriers(incarnation, loop, chance),
            bounds=bounds,
            monotonic_s=lambda: self.world.now_s,
            random=chance.random,
            token_bytes=chance.randbytes,
        )
        loop.create_task(party.links.run())
        self.run_a_moment()
        return party

    def choose_carriers(self, incarnation: str, loop: ProcessLoop, chance: Random) -> Carriers:
        """Return what this life connects by."""
        return Carriers(self.network.make_carrier(incarnation, loop))

    @override
    def stop(self, party: Party) -> None:
        self.loops[party.incarnation].kill()
        self.network.bury(party.incarnation)

    @override
    def introduce(self, party: Party, *others: Party) -> None:
        peers = {other.incarnation: ADDRESS for other in (party, *others)}
        self.loops[party.incarnation].call_soon(party.links.know, peers)
        self.run_a_moment()

    @override
    def cut(self, one: Party, other: Party) -> None:
        self.network.cut(one.incarnation, other.incarnation)

    @override
    def part(self, one: Party, other: Party) -> None:
        self.network.part(one.incarnation, other.incarnation)

    @override
    def heal(self, one: Party, other: Party) -> None:
        self.network.heal(one.incarnation, other.incarnation)

    @override
    def run_until(self, is_so: Callable[[], bool]) -> None:
        self.world.run_until(is_so, limit_s=_LIMIT_S)

    @override
    def run_a_moment(self) -> None:
        self.world.run_for(0.05)

    @override
    def close(self) -> None:
        self.world.close()


class GroundWithFallback(SimulatedGround):
    """A network and a Redis. Cuts and partitions are of the network alone."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.redis = RedisHost(world=self.world, server=FakeRedisServer(SimulatedClock(self.world, 0)))
        self.readers: dict[str, TopicLink] = {}
        self.clients: dict[str, RedisLink] = {}

    @override
    def choose_carriers(self, incarnation: str, loop: ProcessLoop, chance: Random) -> Carriers:
        reader = self.readers[incarnation] = TopicLink(host=self.redis, loop=loop, chance=chance)
        client = self.clients[incarnation] = RedisLink(host=self.redis, loop=loop, chance=chance)
        fallback = RedisCarrier(
            incarnation=incarnation,
            publish=client.publish,
            topics=reader,
            token_bytes=chance.randbytes,
        )
        return Carriers(self.network.make_carrier(incarnation, loop), fallback)
