"""The network between simulated workers: wires of links as queues with delays, which can be cut or go silent.

```
 WorkerLinks ── LinkEnd ══ Direction ══→ LinkEnd ── WorkerLinks
                   ↑ LinkNetwork: who is there, what is cut, who cannot reach whom
```

Only the direct carrier is simulated. What numbers, repeats and tells is the product's own, and so is the fallback, which
runs over the simulated Redis (`tests.simulation.world.redis_links`).
"""

import asyncio
from collections.abc import Callable
from random import Random
from typing import Final

import msgspec
from typing_extensions import override

from core.links.interfaces import PeerAddress
from core.links.wires import Carrier, Wire, WireReceiver
from tests.simulation.world.network import Direction, way_s
from tests.simulation.world.process_loop import LoopState, ProcessLoop
from tests.simulation.world.world import World

ADDRESS: Final = PeerAddress("worker", 1)
"""The address of every simulated worker; they are reached by their names."""

_WINDOW_BYTES: Final = 1 << 20


class _Host(msgspec.Struct):
    """A life of a worker that can be reached."""

    loop: ProcessLoop
    accept: Callable[[Wire], WireReceiver]


class LinkNetwork:
    """The wires between all workers."""

    def __init__(self, *, world: World, chance: Random) -> None:
        self.world = world
        self.chance = chance
        self._hosts: dict[str, _Host] = {}
        self._wires: list[tuple[LinkEnd, LinkEnd]] = []
        self._parted: set[frozenset[str]] = set()

    def make_carrier(self, incarnation: str, loop: ProcessLoop) -> "SimulatedCarrier":
        """Return the direct carrier of one life of a worker, whose process has this loop."""
        return SimulatedCarrier(network=self, incarnation=incarnation, loop=loop)

    def cut(self, one: str, other: str) -> None:
        """Cut the wires between two: what is on its way is lost, and both ends hear of it a little later."""
        for pair in self._between(one, other):
            for end in pair:
                end.incoming.is_cut = True
                end.lose_later()

    def part(self, one: str, other: str) -> None:
        """Let nothing pass between two, and tell neither."""
        self._parted.add(frozenset((one, other)))
        for pair in self._between(one, other):
            for end in pair:
                end.incoming.is_cut = True

    def heal(self, one: str, other: str) -> None:
        """Let new wires pass again. What went silent stays so."""
        self._parted.discard(frozenset((one, other)))

    def bury(self, incarnation: str) -> None:
        """A life is over, without a goodbye: those at the other ends hear of it from their systems, or never."""
        self._hosts.pop(incarnation, None)
        for pair in [pair for pair in self._wires if incarnation in (pair[0].own, pair[1].own)]:
            self._wires.remove(pair)
            is_told = self.chance.random() < 0.5
            for end in pair:
                end.incoming.is_cut = True
                if is_told and end.own != incarnation:
                    end.lose_later()

    def join(self, incarnation: str, loop: ProcessLoop, accept: Callable[[Wire], WireReceiver]) -> None:
        """Let a life be reached."""
        self._hosts[incarnation] = _Host(loop, accept)

    async def connect(self, own: str, loop: ProcessLoop, peer: str, receiver: WireReceiver) -> Wire:
        """Open a wire. Raises ConnectionRefusedError when nobody is there."""
        await asyncio.sleep(way_s(self.chance))
        if frozenset((own, peer)) in self._parted:
            await asyncio.Event().wait()
        host = self._hosts.get(peer)
        if host is None or host.loop.state is LoopState.KILLED:
            raise ConnectionRefusedError("nobody listens there")
        near = LinkEnd(network=self, own=own, incoming=self._make_direction(loop), loop=loop)
        far = LinkEnd(network=self, own=peer, incoming=self._make_direction(host.loop), loop=host.loop)
        near.other, far.other = far, near
        near.hand_over(receiver)
        self._wires.append((near, far))
        far.incoming.send(1, lambda: far.be_accepted(host.accept))
        return near

    def forget(self, end: "LinkEnd") -> None:
        """A wire is closed."""
        self._wires = [pair for pair in self._wires if end not in pair]

    def _make_direction(self, loop: ProcessLoop) -> Direction:
        return Direction(loop=loop, chance=self.chance, world=self.world)

    def _between(self, one: str, other: str) -> "list[tuple[LinkEnd, LinkEnd]]":
        return [pair for pair in self._wires if {pair[0].own, pair[1].own} == {one, other}]


class LinkEnd(Wire):
    """One end of a wire."""

    def __init__(self, *, network: LinkNetwork, own: str, incoming: Direction, loop: ProcessLoop) -> None:
        self.own = own
        self.incoming = incoming
        self.other: LinkEnd
        self._network = network
        self._loop = loop
        self._receiver: WireReceiver | None = None
        """None until the wire is accepted."""
        self._is_gone = False

    @property
    @override
    def carrier(self) -> str:
        return "simulated"

    @property
    @override
    def window_bytes(self) -> int:
        return _WINDOW_BYTES

    @property
    @override
    def is_ready(self) -> bool:
        return True

    @override
    def send(self, message: bytes) -> None:
        if not self._is_gone:
            other = self.other
            other.incoming.send(len(message), lambda: other.arrive(message))

    @override
    def hand_over(self, receiver: WireReceiver) -> None:
        self._receiver = receiver

    @override
    def close(self) -> None:
        if not self._is_gone:
            self._is_gone = True
            self._network.forget(self)
            other = self.other
            other.incoming.send(0, other.lose)

    def be_accepted(self, accept: Callable[[Wire], WireReceiver]) -> None:
        """Let the process have this end, if the wire is still there."""
        if not self._is_gone:
            self._receiver = accept(self)

    def arrive(self, message: bytes) -> None:
        """Hand a message over."""
        if not self._is_gone and self._receiver is not None:
            self._receiver.on_message(message)

    def lose(self) -> None:
        """Tell that the wire is gone."""
        if not self._is_gone:
            self._is_gone = True
            self._network.forget(self)
            if self._receiver is not None:
                self._receiver.on_lost()

    def lose_later(self) -> None:
        """Have this end hear from its system that the wire is gone."""
        self._loop.call_later(way_s(self._network.chance), self.lose)


class SimulatedCarrier(Carrier):
    """The direct carrier of one life of a worker."""

    def __init__(self, *, network: LinkNetwork, incarnation: str, loop: ProcessLoop) -> None:
        self._network = network
        self._incarnation = incarnation
        self._loop = loop

    @property
    @override
    def name(self) -> str:
        return "simulated"

    @override
    async def dial(self, peer: str, address: PeerAddress, receiver: WireReceiver) -> Wire:
        return await self._network.connect(self._incarnation, self._loop, peer, receiver)

    @override
    async def serve(self, accept: Callable[[Wire], WireReceiver]) -> None:
        self._network.join(self._incarnation, self._loop, accept)
        await asyncio.Event().wait()
