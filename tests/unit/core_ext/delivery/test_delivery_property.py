"""Whatever happens to sessions, each client gets each event once and in order; both implementations write the same.

Clients come and go in the middle of flushes, resume after what they have, and hold their links up. Slots are used
again.
"""

import random
import re
from types import ModuleType
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.core_ext.delivery.delivery_bench import Bench, Body, Link
from tests.unit.core_ext.twins import implementations_of

SLOTS = 5
_NUMBERS = re.compile(rb'\{"s":(\d+),')


class FickleLink(Link):
    """Closes its outlet within a write, once, when told to; holds what it is told to hold."""

    def __init__(self) -> None:
        super().__init__()
        self.closing: Any = None

    def write(self, data: bytes) -> None:
        super().write(data)
        closing, self.closing = self.closing, None
        if closing is not None:
            closing.close()


class Client:
    """A session and what its client got, on whichever connection."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.track = bench.make_track(max_events=64, max_bytes=1 << 20)
        self.links: list[FickleLink] = []
        self.got: list[int] = []
        self.connect()

    def read(self) -> None:
        """What has come on the newest connection."""
        link = self.links[-1]
        self.got += [int(number) for number in _NUMBERS.findall(bytes(link.written))]
        link.written.clear()

    def connect(self) -> None:
        """On a new connection, after what it has."""
        if self.links:
            self.read()
        self.links.append(FickleLink())
        outlet, _ = self.bench.make_outlet(self.links[-1])
        last = self.got[-1] if self.got else 0
        if self.track.has_all_after(last):
            self.track.attach(outlet)
            # What was sent to the connection before, on attaching, is its client's too.
            self.links[-1].written.clear()
            self.track.replay_after(last)


class World:
    """A table of sessions under chance; what it did is a record that is equal for both implementations."""

    def __init__(self, module: ModuleType, seed: int) -> None:
        self.chance = random.Random(seed)
        self.bench = Bench(module)
        self.clients = [Client(self.bench) for _ in range(SLOTS)]
        self.gone: list[Client] = []
        self.record: list[Any] = []

    def step(self) -> None:
        client = self.chance.choice(self.clients)
        match self.chance.randrange(10):
            case 0 | 1 | 2:
                slots = self.chance.sample(range(SLOTS), self.chance.randrange(SLOTS + 1))
                body = Body(b'"x":%d}' % self.chance.randrange(1000))
                self.record.append(self.bench.deliver([each.track for each in self.clients], slots, body))
            case 3 | 4:
                self.record.append(self.bench.queue.flush(self.chance.randrange(1, 4)))
            case 5:
                client.connect()
            case 6:
                client.links[-1].closing = client.track.outlet
            case 7:
                client.links[-1].held = self.chance.randrange(2)
                if client.track.outlet is not None:
                    client.track.outlet.cut() if self.chance.random() < 0.3 else client.track.outlet.flush()
            case 8:
                # It says what it has, or something wrong.
                client.read()
                client.track.forget_up_to(client.got[-1] if client.got and self.chance.random() < 0.8 else 1 << 20)
            case _:
                # Its slot is somebody else's from now on.
                self.gone.append(client)
                self.clients[self.clients.index(client)] = Client(self.bench)
        self.record.append([each.track.seq for each in self.clients])

    def settle(self) -> None:
        """Everybody connects once more and reads it all."""
        for client in self.clients + self.gone:
            client.connect()
        while self.bench.queue.flush(2):
            pass
        for client in self.clients + self.gone:
            client.read()


@given(seed=st.integers(0, 1 << 32))
def test_each_client_gets_each_event_once_and_in_order(seed: int) -> None:
    worlds = [World(module, seed) for module in implementations_of("delivery")]
    for _ in range(60):
        for world in worlds:
            world.step()
    for world in worlds:
        world.settle()
        for client in world.clients + world.gone:
            assert client.got == list(range(1, client.track.seq + 1))
        assert len(world.bench.queue) == 0
        assert world.bench.queue.left == world.bench.queue.entered
    assert all(world.record == worlds[0].record for world in worlds)


_RING_STEPS = st.one_of(
    st.tuples(st.just("push"), st.integers(0, 40)),
    st.tuples(st.just("push many"), st.integers(1, 70)),
    st.tuples(st.just("flush"), st.just(0)),
    st.tuples(st.just("forget"), st.integers(-1, 200)),
    st.tuples(st.just("replay"), st.integers(0, 200)),
    st.tuples(st.just("detach"), st.just(0)),
    st.tuples(st.just("attach"), st.just(0)),
)


@given(
    max_events=st.integers(1, 40),
    max_bytes=st.sampled_from([1, 50, 400, 1 << 20]),
    steps=st.lists(_RING_STEPS, max_size=25),
)
def test_rings_remember_and_send_the_same_in_both_implementations(
    max_events: int, max_bytes: int, steps: list[tuple[str, int]]
) -> None:
    rings = [Ring(module, max_events=max_events, max_bytes=max_bytes) for module in implementations_of("delivery")]
    for step, number in steps:
        reports = [ring.step(step, number) for ring in rings]
        assert all(report == reports[0] for report in reports)


class Ring:
    """A track under orders, and all that can be seen of it."""

    def __init__(self, module: ModuleType, **bounds: int) -> None:
        self.bench = Bench(module)
        self.track, self.link = self.bench.make_pair(**bounds)

    def step(self, step: str, number: int) -> tuple[Any, ...]:
        """Obey; what there is to see afterwards."""
        track = self.track
        match step:
            case "push":
                track.push(Body(b"1" * number))
            case "push many":
                for each in range(number):
                    track.push(Body(b"%d" % each))
            case "flush":
                self.bench.queue.flush(1)
            case "forget":
                track.forget_up_to(number)
            case "replay" if track.has_all_after(number):
                track.replay_after(number)
            case "detach":
                track.attach(None)
            case "attach" if track.outlet is None:
                outlet, _ = self.bench.make_outlet(self.link)
                track.attach(outlet)
        remembered = [(seq, body.text) for seq, body in track.after(0)]
        known = [track.has_all_after(seq) for seq in range(track.seq + 2)]
        return remembered, known, track.after(track.seq - 3) == track.after(0)[-3:], track.seq, bytes(self.link.written)
