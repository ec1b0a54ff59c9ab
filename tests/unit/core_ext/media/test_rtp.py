"""RTP in the clear, read and written, against aiortc's own."""

from types import ModuleType

import pytest
from aiortc.rtp import RtpPacket as TheirPacket
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.core_ext.twins import assert_alike, each, implementations_of, sibling_of


@pytest.mark.parametrize("module", each("rtp"))
@given(
    number=st.integers(1, 14),
    level=st.integers(0, 255),
    payload=st.binary(max_size=20),
    marker=st.booleans(),
    sequence=st.integers(0, 0xFFFF),
    timestamp=st.integers(0, 0xFFFFFFFF),
)
def test_what_is_written_is_read(
    module: ModuleType, *, number: int, level: int, payload: bytes, marker: bool, sequence: int, timestamp: int
) -> None:
    writing = sibling_of(module, "passing")
    extension = writing.write_extension(number, bytes([level]))
    written = writing.write_rtp(
        payload_type=96, marker=marker, sequence=sequence, timestamp=timestamp, ssrc=7, extension=extension,
        payload=payload,
    )  # fmt: skip
    packet = module.parse_rtp(written)
    assert packet is not None
    assert (packet.payload_type, packet.marker, packet.ssrc, packet.payload) == (96, marker, 7, payload)
    assert (packet.sequence, packet.timestamp) == (sequence, timestamp)
    assert module.find_extension(packet, number) == bytes([level])
    assert module.find_extension(packet, number % 14 + 1) is None
    theirs = TheirPacket.parse(written)
    assert (theirs.payload, theirs.sequence_number, theirs.marker) == (payload, sequence, int(marker))


@pytest.mark.parametrize("module", each("rtp"))
def test_padding_contributors_and_long_extensions_are_read(module: ModuleType) -> None:
    head = bytes.fromhex("b1e0 0001 00000002 00000003 00000004")
    extension = bytes.fromhex("1000 0002 05 02 aabb 00 06 01 cc")
    packet = module.parse_rtp(head + extension + b"voice" + b"\0\0\3")
    assert packet is not None
    assert (packet.payload_type, packet.marker, packet.payload) == (96, True, b"voice")
    assert module.find_extension(packet, 5) == b"\xaa\xbb"
    assert module.find_extension(packet, 6) == b"\xcc"


@pytest.mark.parametrize("module", each("rtp"))
@given(datagram=st.binary(max_size=60), number=st.integers(0, 255))
def test_any_bytes_are_read_or_refused(module: ModuleType, datagram: bytes, number: int) -> None:
    for first in (
        b"",
        b"\x80",
        b"\x90",
        b"\xb1\x60" + bytes(14) + b"\xbe\xde\0\1",
        b"\x90\x60" + bytes(10) + b"\x10\0\0\2",
    ):
        packet = module.parse_rtp(first + datagram)
        if packet is not None:
            found = module.find_extension(packet, number)
            assert found is None or found in first + datagram


@pytest.mark.parametrize("module", each("rtp"))
def test_time_of_sending_goes_round_after_64_seconds(module: ModuleType) -> None:
    writing = sibling_of(module, "passing")
    extension = writing.write_extension(5, writing.write_send_time(64 + 1.5))
    written = writing.write_rtp(
        payload_type=96, marker=False, sequence=1, timestamp=2, ssrc=7, extension=extension, payload=b"x"
    )
    packet = module.parse_rtp(written)
    assert packet is not None
    assert module.find_extension(packet, 5) == (3 << 17).to_bytes(3, "big")
    assert packet.payload == b"x"


FIELDS = ("payload_type", "marker", "sequence", "timestamp", "ssrc", "profile", "extensions", "payload")


@given(
    first=st.integers(0x80, 0xBF),
    head=st.binary(min_size=11, max_size=11),
    profile=st.sampled_from([b"\xbe\xde", b"\x10\x00", b"\x10\x0f", b"\0\0"]),
    rest=st.binary(max_size=80),
    number=st.integers(0, 255),
)
def test_any_packets_are_read_alike(first: int, head: bytes, profile: bytes, rest: bytes, number: int) -> None:
    outcomes = []
    for module in implementations_of("rtp"):
        packet = module.parse_rtp(bytes([first]) + head + profile + b"\0" + rest)
        read = packet and [getattr(packet, field) for field in FIELDS]
        outcomes.append((read, packet and module.find_extension(packet, number)))
    assert_alike(outcomes)


@given(
    number=st.integers(1, 14),
    size=st.integers(1, 3),
    seconds=st.floats(0, 1e6),
    form=st.tuples(st.integers(0, 127), st.sampled_from([None, 0, 1, 14])),
    level=st.none() | st.integers(0, 255),
    is_video=st.booleans(),
)
def test_packets_are_written_alike(
    *, number: int, size: int, seconds: float, form: tuple[int, int | None], level: int | None, is_video: bool
) -> None:
    outcomes = []
    for module in implementations_of("passing"):
        picture = module.Picture(2, seconds, is_keyframe=True, vp8="says") if is_video else None
        passing = module.Passing(
            codec="c", marker=is_video, number=70_000, timestamp=5, ssrc=6, payload=b"x", level=level, picture=picture
        )
        again = passing.renumber(number=7, timestamp=8, payload=b"y", picture=picture)
        outcomes.append(
            (
                module.write_extension(number, bytes(size)),
                module.write_send_time(seconds),
                [(one.write(form), one.write(form)) for one in (passing, again)],
                [(one.codec, one.marker, one.number, one.timestamp, one.ssrc) for one in (passing, again)],
                picture and (picture.came_s, picture.with_vp8("other").vp8, picture.layer),
            )
        )
    assert_alike(outcomes)
