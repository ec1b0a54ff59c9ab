"""RTP in the clear, read and written, against aiortc's own."""

from aiortc.rtp import RtpPacket as TheirPacket
from hypothesis import given
from hypothesis import strategies as st

from voice.packets.plain_rtp import find_extension, parse_rtp, write_extension, write_rtp, write_send_time


@given(
    number=st.integers(1, 14),
    level=st.integers(0, 255),
    payload=st.binary(max_size=20),
    marker=st.booleans(),
    sequence=st.integers(0, 0xFFFF),
    timestamp=st.integers(0, 0xFFFFFFFF),
)
def test_what_is_written_is_read(
    *, number: int, level: int, payload: bytes, marker: bool, sequence: int, timestamp: int
) -> None:
    extension = write_extension(number, bytes([level]))
    written = write_rtp(
        payload_type=96, marker=marker, sequence=sequence, timestamp=timestamp, ssrc=7, extension=extension,
        payload=payload,
    )  # fmt: skip
    packet = parse_rtp(written)
    assert packet is not None
    assert (packet.payload_type, packet.marker, packet.ssrc, packet.payload) == (96, marker, 7, payload)
    assert (packet.sequence, packet.timestamp) == (sequence, timestamp)
    assert find_extension(packet, number) == bytes([level])
    assert find_extension(packet, number % 14 + 1) is None
    theirs = TheirPacket.parse(written)
    assert (theirs.payload, theirs.sequence_number, theirs.marker) == (payload, sequence, int(marker))


def test_padding_contributors_and_long_extensions_are_read() -> None:
    head = bytes.fromhex("b1e0 0001 00000002 00000003 00000004")
    extension = bytes.fromhex("1000 0002 05 02 aabb 00 06 01 cc")
    packet = parse_rtp(head + extension + b"voice" + b"\0\0\3")
    assert packet is not None
    assert (packet.payload_type, packet.marker, packet.payload) == (96, True, b"voice")
    assert find_extension(packet, 5) == b"\xaa\xbb"
    assert find_extension(packet, 6) == b"\xcc"


@given(datagram=st.binary(max_size=60), number=st.integers(0, 255))
def test_any_bytes_are_read_or_refused(datagram: bytes, number: int) -> None:
    for first in (
        b"",
        b"\x80",
        b"\x90",
        b"\xb1\x60" + bytes(14) + b"\xbe\xde\0\1",
        b"\x90\x60" + bytes(10) + b"\x10\0\0\2",
    ):
        packet = parse_rtp(first + datagram)
        if packet is not None:
            found = find_extension(packet, number)
            assert found is None or found in first + datagram


def test_time_of_sending_goes_round_after_64_seconds() -> None:
    extension = write_extension(5, write_send_time(64 + 1.5))
    written = write_rtp(
        payload_type=96, marker=False, sequence=1, timestamp=2, ssrc=7, extension=extension, payload=b"x"
    )
    packet = parse_rtp(written)
    assert packet is not None
    assert find_extension(packet, 5) == (3 << 17).to_bytes(3, "big")
    assert packet.payload == b"x"
