"""A link over wires that a test holds in its hands: what it makes of what an older wire has brought meanwhile."""

import pytest
from typing_extensions import override

from core.links.bounds import LinkBounds
from core.links.handshake import Met
from core.links.interfaces import LinkListener
from core.links.link import Link
from core.links.messages import Standing, encode_batch, encode_status, parse_batch
from core.links.wires import Wire, WireReceiver

PEER = "worker-2"


class HeldWire(Wire):
    """A wire that keeps what it is given."""

    carrier = "held"
    window_bytes = 1000
    is_ready = True

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.receiver: WireReceiver
        self.is_closed = False

    @override
    def send(self, message: bytes) -> None:
        self.sent.append(message)

    @override
    def hand_over(self, receiver: WireReceiver) -> None:
        self.receiver = receiver

    @override
    def close(self) -> None:
        self.is_closed = True


class Told(LinkListener):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.heard: list[bytes | str] = []

    @override
    def on_begun(self, peer: str) -> None:
        self.heard.append("begun")

    @override
    def on_frame(self, peer: str, frame: bytes) -> None:
        self.heard.append(frame)

    @override
    def on_broken(self, peer: str) -> None:
        self.heard.append("broken")


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
async def link(told: Told) -> Link:
    return Link(peer=PEER, listener=told, bounds=LinkBounds(silence_s=2.0))


def adopt(link: Link, conversation: bytes, received: int) -> HeldWire:
    wire = HeldWire()
    link.adopt(wire, Met(PEER, Standing(conversation, received), b"name"))
    return wire


async def test_what_an_older_wire_has_brought_is_not_told_again(link: Link, told: Told) -> None:
    older = adopt(link, b"", 0)
    older.receiver.on_message(encode_batch(1, 0, [b"a", b"b", b"c"]))

    # The peer goes on after 1, which was true when this side said so.
    newer = adopt(link, b"name", 0)
    newer.receiver.on_message(encode_batch(2, 0, [b"b", b"c", b"d"]))

    assert told.heard == ["begun", b"a", b"b", b"c", b"d"]
    assert older.is_closed
    assert not newer.is_closed


async def test_what_an_older_wire_has_acknowledged_is_not_sent_again(link: Link, told: Told) -> None:
    older = adopt(link, b"", 0)
    for frame in (b"a", b"b", b"c"):
        assert link.send(frame)
    link._flush()
    older.receiver.on_message(encode_status(2, 0))

    newer = adopt(link, b"name", 1)
    link._flush()

    assert told.heard == ["begun"]
    assert parse_batch(newer.sent[-1]).frames == [b"c"]
    assert parse_batch(newer.sent[-1]).first == 3


@pytest.mark.parametrize("message", [encode_batch(3, 0, [b"c"]), encode_status(0, 3), b"", b"\x09nonsense"])
async def test_a_gap_or_nonsense_ends_the_wire_and_not_the_conversation(link: Link, told: Told, message: bytes) -> None:
    older = adopt(link, b"", 0)
    older.receiver.on_message(encode_batch(1, 0, [b"a"]))

    older.receiver.on_message(message)

    assert older.is_closed
    assert link.carrier == ""
    newer = adopt(link, b"name", 0)
    newer.receiver.on_message(encode_batch(2, 0, [b"b", b"c"]))
    assert told.heard == ["begun", b"a", b"b", b"c"]


async def test_a_window_holds_back_what_is_not_acknowledged(link: Link) -> None:
    wire = adopt(link, b"", 0)
    for _ in range(3):
        link.send(bytes(600))
        link._flush()
    assert [len(parse_batch(message).frames) for message in wire.sent] == [1, 1]

    wire.receiver.on_message(encode_status(2, 0))
    link._flush()

    assert len(parse_batch(wire.sent[-1]).frames) == 1


async def test_silence_ends_a_wire_and_statuses_prevent_it(link: Link) -> None:
    wire = adopt(link, b"", 0)
    for now_s in (0.0, 0.5, 1.0, 1.5):
        link.tick(now_s)
        wire.receiver.on_message(encode_status(0, 0))
    assert len(wire.sent) == 2
    link.tick(1.6)
    link.tick(3.5)
    assert not wire.is_closed

    link.tick(3.7)

    assert wire.is_closed


async def test_link_that_is_forgotten_takes_no_wire_that_was_on_its_way(link: Link, told: Told) -> None:
    link.forget()
    late = adopt(link, b"", 0)
    assert late.is_closed
    assert told.heard == []
