"""Packets of load tests are those of Discord's protocol: the node's own code reads them, and the other way round."""

import struct

import pytest

from core_ext.media import parse_rtp
from loadtest.wire.rtp import MODE, ForgedError, Packet, RtpSession
from voice.crypto.suites import AES256_GCM, AesGcm
from voice.packets.rtp import NONCE_BYTES, Kind, classify, measure_header

KEY = bytes(range(32))
SSRC = 0xDEAD0001
NONCE = b"\xff\x00\x00\xff"


def _seal(plain: bytes, *, first: int = 0x80, behind: bytes = b"") -> bytes:
    header = struct.pack(">BBHII", first, 0x78, 513, 960, SSRC) + behind
    return header + AesGcm(KEY).seal(plain, header, NONCE) + NONCE


def test_seal_makes_what_the_node_opens() -> None:
    session = RtpSession(KEY, SSRC)
    datagrams = [session.seal(sound) for sound in (b"one", b"two")]
    assert MODE == AES256_GCM
    for number, datagram in enumerate(datagrams):
        assert classify(datagram) is Kind.RTP
        end = measure_header(datagram)
        plain = AesGcm(KEY).open(datagram[end:-NONCE_BYTES], datagram[:end], datagram[-NONCE_BYTES:])
        packet = parse_rtp(datagram[:end] + plain)
        assert packet is not None
        assert (packet.ssrc, packet.sequence, packet.timestamp) == (SSRC, number, 960 * number)
        assert packet.payload == (b"one", b"two")[number]
    assert len({datagram[-NONCE_BYTES:] for datagram in datagrams}) == 2


def test_seal_goes_round_after_65535() -> None:
    session = RtpSession(KEY, SSRC)
    numbers = [int.from_bytes(session.seal(b"")[2:4], "big") for _ in range(65_538)]
    assert numbers[-3:] == [65_535, 0, 1]


@pytest.mark.parametrize(
    "datagram",
    [
        _seal(b"sound"),
        _seal(b"extensionsound"[:4] + b"sound", first=0x90, behind=struct.pack(">HH", 0xBEDE, 1)),
        _seal(b"sound", first=0x81, behind=b"from"),
    ],
    ids=["plain", "extension", "contributor"],
)
def test_open_reads_what_the_node_makes(datagram: bytes) -> None:
    assert RtpSession(KEY, 1).open(datagram) == Packet(SSRC, 513, b"sound")


@pytest.mark.parametrize("datagram", [b"", b"\x00\x02\x00\x46" + bytes(70), b"\x81\xc8" + bytes(60)])
def test_open_leaves_aside_what_is_no_rtp(datagram: bytes) -> None:
    assert RtpSession(KEY, 1).open(datagram) is None


@pytest.mark.parametrize("place", [3, 14, -1])
def test_open_changed_packet_is_forged(place: int) -> None:
    changed = bytearray(_seal(b"sound"))
    changed[place] ^= 1
    with pytest.raises(ForgedError):
        RtpSession(KEY, 1).open(bytes(changed))
