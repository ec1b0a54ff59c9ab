"""A TCP wire: messages out of bytes that come in any pieces, and what a stranger may send."""

import asyncio
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import override

from core.links.tcp import TcpWire
from core.links.wires import SHORT_BYTES, Wire, WireReceiver


class Sink(asyncio.Transport):
    """A transport that keeps what is written."""

    def __init__(self) -> None:
        super().__init__({"socket": self})
        self.written = b""
        self.is_aborted = self.is_closed = False
        self.waiting = 0

    def setsockopt(self, *_option: int) -> None: ...

    @override
    def write(self, data: Any) -> None:
        self.written += data

    @override
    def abort(self) -> None:
        self.is_aborted = True

    @override
    def close(self) -> None:
        self.is_closed = True

    @override
    def get_write_buffer_size(self) -> int:
        return self.waiting

    @override
    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None: ...


class Heard(WireReceiver):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.messages: list[bytes] = []
        self.events: list[str] = []

    @override
    def on_message(self, message: bytes) -> None:
        self.messages.append(message)

    @override
    def on_ready(self) -> None:
        self.events.append("ready")

    @override
    def on_lost(self) -> None:
        self.events.append("lost")


def connect(receiver: WireReceiver) -> tuple[TcpWire, Sink]:
    wire, sink = TcpWire(lambda _: receiver), Sink()
    wire.connection_made(sink)
    return wire, sink


def encode(messages: list[bytes]) -> bytes:
    wire, sink = connect(Heard())
    for message in messages:
        wire.send(message)
    return sink.written


@given(messages=st.lists(st.binary(max_size=40), max_size=12), cuts=st.lists(st.integers(1, 30), max_size=40))
def test_messages_are_the_same_in_whatever_pieces_they_come(messages: list[bytes], cuts: list[int]) -> None:
    heard = Heard()
    wire, _ = connect(heard)
    data = encode(messages)

    begin = 0
    for cut in cuts:
        wire.data_received(data[begin : begin + cut])
        begin += cut
    wire.data_received(data[begin:])

    assert heard.messages == messages


def test_the_next_message_is_for_whom_the_wire_was_handed_over_to() -> None:
    later = Heard()

    class First(Heard):
        def on_message(self, message: bytes) -> None:
            super().on_message(message)
            wire.hand_over(later)

    first = First()
    wire, _ = connect(first)

    wire.data_received(encode([b"a", b"b", b"c"]))

    assert (first.messages, later.messages) == ([b"a"], [b"b", b"c"])


def test_a_stranger_sends_only_short_messages() -> None:
    heard = Heard()
    wire, sink = connect(heard)

    wire.data_received(encode([bytes(SHORT_BYTES + 1)])[:10])

    assert sink.is_aborted
    assert (heard.messages, heard.events) == ([], ["lost"])


def test_whom_we_know_sends_long_ones() -> None:
    heard = Heard()
    wire, _ = connect(Heard())
    wire.hand_over(heard)

    wire.data_received(encode([bytes(SHORT_BYTES + 1)]))

    assert heard.messages == [bytes(SHORT_BYTES + 1)]


def test_nothing_is_handed_over_after_the_end() -> None:
    class Closing(Heard):
        def on_message(self, message: bytes) -> None:
            super().on_message(message)
            wire.close()

    heard = Closing()
    wire, sink = connect(heard)

    wire.data_received(encode([b"a", b"b"]))
    wire.send(b"too late")
    wire.connection_lost(None)

    assert (heard.messages, heard.events) == ([b"a"], [])
    assert sink.written == b""


def test_a_close_does_not_wait_for_who_does_not_read() -> None:
    wire, sink = connect(Heard())
    sink.waiting = 1
    wire.close()
    assert sink.is_aborted

    wire, sink = connect(Heard())
    wire.close()
    wire.close()
    assert (sink.is_closed, sink.is_aborted) == (True, False)


def test_a_full_transport_is_not_ready() -> None:
    heard = Heard()
    wire, _ = connect(heard)
    assert wire.is_ready

    wire.pause_writing()
    assert not wire.is_ready
    wire.resume_writing()

    assert wire.is_ready
    assert heard.events == ["ready"]


def test_the_two_ends_are_lost_once() -> None:
    heard: Heard = Heard()
    wire: Wire
    wire, _ = connect(heard)

    wire.connection_lost(None)
    wire.close()

    assert heard.events == ["lost"]
