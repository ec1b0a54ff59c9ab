"""A client's allowance, and its heartbeats as its bytes: both kernels know the same ones, and only real ones."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core_ext.payloads.etf_py import etf_encode
from core_ext.sockets.intake_c import ETF, JSON, MSGPACK, NO_SEQ
from gateway.commands.command_parser import parse_command
from gateway.commands.commands import Heartbeat
from gateway.payloads.encodings import Encoding, decode_frame
from tests.unit.core_ext.twins import assert_alike, each, implementations_of

kernels = pytest.mark.parametrize("kernel", each("intake"))

SEQS = [None, 0, 1, 127, 128, 255, 256, 65_535, 65_536, (1 << 31) - 1]
KNOWN = [
    *[(JSON, b'{"op":1,"d":%b}' % msgspec.json.encode(seq)) for seq in SEQS],
    (JSON, b'{"op":1}'),
    (JSON, b'{"op": 1, "d": null}'),
    (JSON, b'{"d": 12, "op": 1}'),
    (JSON, b' \t{\r\n"d" : 12 , "op" : 1 } '),
    (JSON, b'{"op":1,"d":999999999999999999}'),
    *[(ETF, etf_encode(payload)) for seq in SEQS for payload in ({"op": 1, "d": seq}, {"d": seq, "op": 1})],
    (ETF, etf_encode({"op": 1})),
    (ETF, etf_encode({"op": 1, "d": None}).replace(b"s\x03nil", b"s\x04null")),
    *[
        (MSGPACK, msgspec.msgpack.encode(payload))
        for seq in [*SEQS, 1 << 32, (1 << 64) - 1]
        for payload in ({"op": 1, "d": seq}, {"d": seq, "op": 1})
    ],
    (MSGPACK, msgspec.msgpack.encode({"op": 1})),
]
UNKNOWN = [
    (JSON, b""),
    (JSON, b"{}"),
    (JSON, b'{"d":1}'),
    (JSON, b'{"op":11}'),
    (JSON, b'{"op":1,"op":1}'),
    (JSON, b'{"d":1,"d":1}'),
    (JSON, b'{"op":1,"d":1,"op":1}'),
    (JSON, b'{"op":1,"d":01}'),
    (JSON, b'{"op":1,"d":-1}'),
    (JSON, b'{"op":1,"d":1e3}'),
    (JSON, b'{"op":1,"d":nul}'),
    (JSON, b'{"op":1,"d":}'),
    (JSON, b'{"op":1,}'),
    (JSON, b'{"op":1,"d":1}}'),
    (JSON, b'{"op":1,"d":1'),
    (JSON, b'{"op":1.0}'),
    (JSON, b'{"op":1}' + b" " * 60),
    (ETF, b"\x83t\x00\x00\x00\x00"),
    (ETF, etf_encode({"op": 2, "d": 1})),
    (ETF, etf_encode({"op": 1, "d": -1})),
    (ETF, etf_encode({"op": 1, "d": 1}) + b"\x00"),
    (ETF, etf_encode({"op": 1, "d": 70_000})[:-1]),
    (ETF, etf_encode({"d": 1})),
    (MSGPACK, b"\x80"),
    (MSGPACK, msgspec.msgpack.encode({"op": 2, "d": 1})),
    (MSGPACK, msgspec.msgpack.encode({"op": 1, "d": -1})),
    (MSGPACK, msgspec.msgpack.encode({"op": 1, "d": 70_000})[:-1]),
    (MSGPACK, msgspec.msgpack.encode({"d": 1})),
]


@kernels
@pytest.mark.parametrize(("encoding", "data"), KNOWN)
def test_heartbeat_as_libraries_write_it_is_known(kernel: Any, encoding: int, data: bytes) -> None:
    assert_is_read_as_decoded(kernel.read_heartbeat(encoding, data), encoding, data)


def assert_is_read_as_decoded(seq: int | None, encoding: int, data: bytes) -> None:
    """The number is the one that the general decoder finds, if a dispatch can have it."""
    command = parse_command(Encoding(encoding), decode_frame(Encoding(encoding), data))
    assert isinstance(command, Heartbeat)
    is_possible = command.seq is not None and command.seq < 1 << 31
    assert seq == (command.seq if is_possible else NO_SEQ)


@kernels
@pytest.mark.parametrize(("encoding", "data"), UNKNOWN)
def test_what_is_something_else_is_left_to_the_decoder(kernel: Any, encoding: int, data: bytes) -> None:
    assert kernel.read_heartbeat(encoding, data) is None


@given(
    known=st.sampled_from(KNOWN),
    flips=st.lists(
        st.tuples(st.integers(0, 63), st.one_of(st.integers(0, 255), st.sampled_from(b' 01{}",:'))), max_size=3
    ),
    cut=st.integers(0, 3),
)
def test_damaged_heartbeat_is_known_to_both_or_to_none_and_is_one(
    known: tuple[int, bytes], flips: list[tuple[int, int]], cut: int
) -> None:
    encoding, data = known[0], bytearray(known[1])
    for place, byte in flips:
        data[place % len(data)] = byte
    damaged = bytes(data[: len(data) - cut])
    verdicts = [kernel.read_heartbeat(encoding, damaged) for kernel in implementations_of("intake")]
    assert_alike(verdicts)
    if verdicts[0] is not None:
        assert_is_read_as_decoded(verdicts[0], encoding, damaged)


class Outlet:
    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self.confirmed: list[int] = []

    def write(self, data: bytes) -> None:
        self.frames.append(data)

    def confirm(self, seq: int) -> None:
        self.confirmed.append(seq)


def make_intake(kernel: Any, outlet: Outlet, limit: int = 3) -> Any:
    return kernel.Intake(outlet=outlet, encoding=JSON, ack=b"ack", limit=limit, window_s=60.0, now_s=100.0)


@kernels
def test_allowance_is_a_count_in_a_window_that_begins_with_its_first_use(kernel: Any) -> None:
    intake = make_intake(kernel, Outlet())
    assert [intake.take(now_s) for now_s in (110.0, 120.0, 130.0, 169.9)] == [True, True, True, False]
    assert [intake.take(now_s) for now_s in (170.0, 170.0, 170.0, 170.0)] == [True, True, True, False]


@kernels
def test_heartbeat_is_counted_remembered_and_answered(kernel: Any) -> None:
    outlet = Outlet()
    intake = make_intake(kernel, outlet, limit=2)
    assert intake.last_beat_s == 100.0
    assert intake.hear(b'{"op":1,"d":5}', 101.0)
    assert not intake.hear(b'{"op":2,"d":5}', 102.0)
    intake.ack = b"other"
    assert intake.hear(b'{"op":1,"d":5}', 103.0)
    assert (outlet.frames, intake.last_beat_s) == ([b"ack", b"other"], 103.0)


@kernels
def test_heartbeat_past_the_limit_is_left_to_the_caller(kernel: Any) -> None:
    outlet = Outlet()
    intake = make_intake(kernel, outlet, limit=1)
    assert intake.take(100.0)
    assert not intake.hear(b'{"op":1}', 101.0)
    assert not intake.take(101.0)
    assert (outlet.frames, intake.last_beat_s) == ([], 100.0)


@kernels
def test_beat_answers_whatever_was_taken(kernel: Any) -> None:
    outlet = Outlet()
    intake = make_intake(kernel, outlet)
    intake.beat(150.0)
    assert (outlet.frames, intake.last_beat_s) == ([b"ack"], 150.0)


@kernels
def test_outlet_hears_what_the_heartbeat_before_named_and_each_number_once(kernel: Any) -> None:
    outlet = Outlet()
    intake = make_intake(kernel, outlet, limit=100)
    for data, confirmed in (
        (b'{"op":1,"d":3}', []),
        (b'{"op":1,"d":7}', [3]),
        (b'{"op":1,"d":null}', [3, 7]),
        (b'{"op":1,"d":9}', [3, 7]),
        (b'{"op":1,"d":9}', [3, 7, 9]),
        (b'{"op":1,"d":9}', [3, 7, 9]),
        (b'{"op":1,"d":4}', [3, 7, 9]),
        (b'{"op":1,"d":99999999999}', [3, 7, 9]),
        (b'{"op":1,"d":12}', [3, 7, 9]),
    ):
        assert intake.hear(data, 101.0)
        assert outlet.confirmed == confirmed
    for seq in (-1, None, 1 << 70):
        intake.beat(101.0, seq)
        assert outlet.confirmed == [3, 7, 9, 12]


@kernels
def test_encoding_that_there_is_not_is_refused(kernel: Any) -> None:
    with pytest.raises(ValueError, match="encoding"):
        kernel.Intake(outlet=Outlet(), encoding=3, ack=b"", limit=1, window_s=1.0, now_s=0.0)
    with pytest.raises(KeyError):
        kernel.read_heartbeat(3, b"")
