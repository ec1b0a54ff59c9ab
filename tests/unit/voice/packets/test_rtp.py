"""What datagrams are by their bytes, whatever the bytes are."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice.packets import discovery
from voice.packets.rtp import NONCE_BYTES, TAG_BYTES, Kind, classify, find_ssrc, measure_header


def make_rtp(first: int, second: int = 0x78, behind: int = 24) -> bytes:
    """A packet with so many bytes behind the fixed header."""
    return struct.pack(">BBHII", first, second, 1, 960, 77) + bytes(behind)


@pytest.mark.parametrize(
    ("datagram", "kind"),
    [
        (make_rtp(0x80), Kind.RTP),
        (make_rtp(0x90, behind=4 + TAG_BYTES + NONCE_BYTES), Kind.RTP),
        (make_rtp(0x90, behind=3 + TAG_BYTES + NONCE_BYTES), Kind.UNKNOWN),
        (make_rtp(0x8F, behind=59 + TAG_BYTES + NONCE_BYTES), Kind.UNKNOWN),
        (make_rtp(0x8F, behind=60 + TAG_BYTES + NONCE_BYTES), Kind.RTP),
        (make_rtp(0x80, behind=19), Kind.UNKNOWN),
        (make_rtp(0x81, 200), Kind.RTCP),
        (make_rtp(0x81, 223), Kind.RTCP),
        (make_rtp(0x40), Kind.UNKNOWN),
        (b"", Kind.UNKNOWN),
        (bytes(8), Kind.KEEPALIVE),
        (struct.pack(">HHI64sH", 1, 70, 5, b"", 0), Kind.DISCOVERY),
        (struct.pack(">HHI64sH", 2, 70, 5, b"", 0), Kind.UNKNOWN),
        (struct.pack(">HHI64sH", 1, 70, 5, b"", 0)[:-1], Kind.UNKNOWN),
    ],
)
def test_kinds(datagram: bytes, kind: Kind) -> None:
    assert classify(datagram) is kind


@given(st.binary(max_size=300))
def test_rtp_has_all_parts_that_are_read(datagram: bytes) -> None:
    if classify(datagram) is Kind.RTP:
        assert measure_header(datagram) + TAG_BYTES + NONCE_BYTES <= len(datagram)
        assert 0 <= find_ssrc(datagram) < 1 << 32


def test_header_has_the_preamble_of_an_extension() -> None:
    assert measure_header(make_rtp(0x80)) == 12
    assert measure_header(make_rtp(0x90)) == 16
    assert measure_header(make_rtp(0x92)) == 24


@given(ssrc=st.integers(0, 2**32 - 1), port=st.integers(0, 65535))
def test_answer_to_discovery(ssrc: int, port: int) -> None:
    answer = discovery.encode_answer(ssrc, "192.0.2.1", port)
    assert struct.unpack(">HHI64sH", answer) == (2, 70, ssrc, b"192.0.2.1".ljust(64, b"\0"), port)
    assert len(answer) == discovery.SIZE_BYTES
    assert discovery.find_asker(answer) == ssrc
