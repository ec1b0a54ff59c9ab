"""Events that look back at the one before: only behind exactly that one, only for many, the same from both."""

import random
import re
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.core_ext.delivery.delivery_bench import Bench, Link
from tests.unit.core_ext.twins import each, implementations_of, sibling_of

both = pytest.mark.parametrize("module", each("delivery"))
FRAME = re.compile(rb'{"s":\d+,\(([^()]*)\)(?:after\(([^()]*)\))?|unicast')


class Body:
    """An event that says what it is, and behind what it was chained."""

    size_bytes = 10

    def __init__(self, name: str) -> None:
        self.name = name
        self.finds = 0
        self.chains: list[str] = []

    def find_template(self, wire_format: "StreamWireFormat") -> Any:
        self.finds += 1
        return wire_format.template(1, 1, b"", f"({self.name})".encode())

    def chain(self, wire_format: "StreamWireFormat", previous: "Body") -> Any:
        self.chains.append(previous.name)
        if self.name.startswith("alone"):
            return None
        return wire_format.template(1, 1, b"", f"({self.name})after({previous.name})".encode())


class StreamWireFormat:
    """A stream whose frames are text."""

    index = 0
    is_stream = True

    def __init__(self, module: ModuleType) -> None:
        self.template = sibling_of(module, "template").Template


class Room:
    """Connections that get events."""

    def __init__(self, module: ModuleType, size: int) -> None:
        self.bench = Bench(module)
        self.min_shares = sibling_of(module, "template").MIN_SHARES
        self.wire_format = StreamWireFormat(module)
        self.links: list[Link] = []
        self.tracks = []
        for _ in range(size):
            track = self.bench.make_track()
            self.tracks.append(track)
            self.connect(track)

    def connect(self, track: Any) -> None:
        outlet, link = self.bench.make_outlet(wire_format=self.wire_format)
        self.links.append(link)
        track.attach(outlet)

    def send(self, *bodies: Body, to: slice = slice(None)) -> None:
        for track in self.tracks[to]:
            for body in bodies:
                track.push(body)

    def flush(self, max_tracks: int = 1_000_000) -> None:
        while self.bench.queue.flush(max_tracks):
            pass


def read(link: Link) -> list[tuple[str, str | None]]:
    """Every frame's event and the one that it looks back at; unicast frames have no name."""
    frames = [(match[1] or b"", match[2]) for match in FRAME.finditer(bytes(link.written))]
    return [(name.decode(), after if after is None else after.decode()) for name, after in frames]


@both
def test_event_is_chained_once_many_had_the_same_before_it(module: ModuleType) -> None:
    room = Room(module, 50)
    first, second = Body("1"), Body("2")
    room.send(first)
    room.flush()
    room.send(second)
    room.flush()
    plain = room.min_shares - 1
    assert [read(link) for link in room.links[:plain]] == [[("1", None), ("2", None)]] * plain
    assert [read(link) for link in room.links[plain:]] == [[("1", None), ("2", "1")]] * (50 - plain)
    assert (second.finds, second.chains) == (1, ["1"])


@both
def test_events_of_one_turn_are_chained_one_behind_the_other(module: ModuleType) -> None:
    room = Room(module, 40)
    room.send(*(Body(str(number)) for number in range(5)))
    room.flush()
    assert read(room.links[-1]) == [("0", None), ("1", "0"), ("2", "1"), ("3", "2"), ("4", "3")]


@both
def test_event_for_few_is_not_chained(module: ModuleType) -> None:
    room = Room(module, 31)
    second = Body("2")
    room.send(Body("1"), second)
    room.flush()
    assert second.chains == []


@both
def test_event_that_gains_nothing_is_asked_once(module: ModuleType) -> None:
    room = Room(module, 60)
    second = Body("alone")
    room.send(Body("1"), second)
    room.flush()
    assert second.chains == ["1"]
    assert read(room.links[-1]) == [("1", None), ("alone", None)]


@both
def test_event_behind_unicast_or_on_a_new_connection_stands_alone(module: ModuleType) -> None:
    room = Room(module, 40)
    room.send(Body("1"))
    room.flush()
    room.tracks[38].outlet.write(b"unicast")
    room.connect(room.tracks[39])
    room.tracks[37].outlet.set_wire_format(room.wire_format)
    room.send(Body("2"))
    room.flush()
    assert read(room.links[36])[-1] == ("2", "1")
    assert [read(link)[-1] for link in (room.links[37], room.links[38], room.links[40])] == [("2", None)] * 3


@both
def test_event_is_chained_behind_what_most_had_before_it(module: ModuleType) -> None:
    room = Room(module, 120)
    room.send(Body("other"), to=slice(0, 120, 5))
    room.flush()
    room.send(Body("most"), to=slice(1, None))
    room.send(Body("last"))
    room.flush()
    assert read(room.links[0])[-1] == ("last", None)
    assert read(room.links[-1])[-1] == ("last", "most")


@both
def test_more_events_than_are_kept_in_mind_all_leave(module: ModuleType) -> None:
    room = Room(module, 3)
    room.send(*(Body(str(number)) for number in range(150)))
    room.flush()
    assert [[name for name, _ in read(link)] for link in room.links] == [[str(number) for number in range(150)]] * 3


def play(module: ModuleType, seed: int) -> list[bytes]:
    """A random course of things, the same for every module; what was written to each link."""
    chance = random.Random(seed)
    room = Room(module, chance.choice([40, 70, 100]))
    bodies = [Body(str(number)) for number in range(chance.randrange(2, 80))]
    for body in bodies:
        share = chance.choice([1, 1, 1, 2, 7])
        room.send(body, to=slice(chance.randrange(share), None, share))
        for _ in range(chance.choice([0, 0, 1, 10])):
            chance.choice(room.tracks).outlet.write(b"unicast")
        if chance.random() < 0.1:
            room.connect(chance.choice(room.tracks))
        if chance.random() < 0.7:
            room.flush(chance.choice([35, 64, 1000]))
    room.flush()
    return [bytes(link.written) for link in room.links]


@given(seed=st.integers(0, 1 << 32))
def test_chained_events_look_back_at_what_was_sent_last_and_twins_agree(seed: int) -> None:
    written = [play(module, seed) for module in implementations_of("delivery")]
    for data in written[1:]:
        assert data == written[0]
    for data in written[0]:
        link = Link()
        link.write(data)
        last = ""
        for name, after in read(link):
            assert after is None or after == last
            last = name
