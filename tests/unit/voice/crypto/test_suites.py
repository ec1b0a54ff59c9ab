"""The ciphers, against other implementations: stock discord.py's, and XChaCha20 built of ChaCha20 by its definition."""

import struct
import warnings
from types import SimpleNamespace

import pytest
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from hypothesis import given
from hypothesis import strategies as st

from voice.crypto.suites import SUITES, AesGcm, Forged, XChaCha

KEY = bytes(range(32))


@pytest.mark.parametrize("name", SUITES)
@given(
    plain=st.binary(max_size=50), header=st.binary(min_size=12, max_size=20), nonce=st.binary(min_size=4, max_size=4)
)
def test_what_is_sealed_opens_and_nothing_else(name: str, plain: bytes, header: bytes, nonce: bytes) -> None:
    suite = SUITES[name](KEY)
    sealed = suite.seal(plain, header, nonce)
    assert suite.open(sealed, header, nonce) == plain
    others = [
        (sealed[:-1] + bytes([sealed[-1] ^ 1]), header, nonce),
        (sealed, header[:-1] + bytes([header[-1] ^ 1]), nonce),
        (sealed, header, nonce[:-1] + bytes([nonce[-1] ^ 1])),
        (sealed[:15], header, nonce),
    ]
    for other in others:
        with pytest.raises(Forged):
            suite.open(*other)
    with pytest.raises(Forged):
        SUITES[name](KEY[::-1]).open(sealed, header, nonce)


def test_gcm_is_that_of_the_standard() -> None:
    """McGrew and Viega, "The Galois/Counter Mode of Operation", test case 14: key, nonce and data of zeros."""
    sealed = AesGcm(bytes(32)).seal(bytes(16), b"", bytes(4))
    assert sealed.hex() == "cea7403d4d606b6e074ec5d3baf39d18" + "d0d1c8a799996bf0265b98b5d48ab919"


@given(
    plain=st.binary(max_size=100), header=st.binary(min_size=12, max_size=20), nonce=st.binary(min_size=4, max_size=4)
)
def test_xchacha_is_chacha_with_a_derived_key(plain: bytes, header: bytes, nonce: bytes) -> None:
    """draft-irtf-cfrg-xchacha-03, section 2.3."""
    long = nonce + bytes(20)
    expected = ChaCha20Poly1305(hchacha20(KEY, long[:16])).encrypt(bytes(4) + long[16:], plain, header)
    assert XChaCha(KEY).seal(plain, header, nonce) == expected


def test_packets_of_stock_discord_py_open() -> None:
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):  # it imports audioop
        from discord.voice_client import VoiceClient

    client = SimpleNamespace(secret_key=list(KEY), _incr_nonce=7, checked_add=lambda *_: None)
    header = bytearray(struct.pack(">BBHII", 0x80, 0x78, 1, 960, 5))
    encrypt = VoiceClient._encrypt_aead_xchacha20_poly1305_rtpsize
    packet = bytes(encrypt(client, header, b"opus"))  # type: ignore[arg-type]
    assert XChaCha(KEY).open(packet[12:-4], packet[:12], packet[-4:]) == b"opus"


def hchacha20(key: bytes, nonce: bytes) -> bytes:
    """Derive a key (the draft's section 2.2)."""
    state = [*struct.unpack("<4I", b"expand 32-byte k"), *struct.unpack("<8I", key), *struct.unpack("<4I", nonce)]

    def quarter(a: int, b: int, c: int, d: int) -> None:
        for x, y, z, turn in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
            state[x] = (state[x] + state[y]) & 0xFFFFFFFF
            mixed = state[z] ^ state[x]
            state[z] = ((mixed << turn) | (mixed >> (32 - turn))) & 0xFFFFFFFF

    for _ in range(10):
        for column in range(4):
            quarter(column, column + 4, column + 8, column + 12)
        for row in range(4):
            quarter(row, (row + 1) % 4 + 4, (row + 2) % 4 + 8, (row + 3) % 4 + 12)
    return struct.pack("<8I", *state[:4], *state[12:])
