"""Voice tokens: who can make one, and how long and how often it is worth something."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.voice.seats import Rights, Room, Seat
from core.voice.tokens import BadToken, Claims, UsedTokens, read_token, sign_token

SECRET = b"s" * 32
SEAT = Seat(Room(1, 2), 3, "session", Rights(speak=True, hear=False))
CLAIMS = Claims(SEAT, 7, 1_000, b"n" * 12)


def test_token_says_what_was_signed() -> None:
    assert read_token(SECRET, sign_token(SECRET, CLAIMS), now_ms=999) == CLAIMS


def test_token_whose_time_is_over_is_refused() -> None:
    with pytest.raises(BadToken, match="time is over"):
        read_token(SECRET, sign_token(SECRET, CLAIMS), now_ms=1_000)


def test_token_of_another_secret_is_refused() -> None:
    with pytest.raises(BadToken, match="somebody else"):
        read_token(b"t" * 32, sign_token(SECRET, CLAIMS), now_ms=0)


@given(position=st.integers(0, 200), bit=st.integers(0, 5))
def test_changed_token_is_refused(position: int, bit: int) -> None:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    token = sign_token(SECRET, CLAIMS)
    position %= len(token) - 1  # the last character has bits that say nothing
    changed = alphabet[alphabet.index(token[position]) ^ 1 << bit]
    with pytest.raises(BadToken):
        read_token(SECRET, token[:position] + changed + token[position + 1 :], now_ms=0)


@given(st.text(max_size=60))
def test_any_text_is_refused_and_nothing_else(text: str) -> None:
    with pytest.raises(BadToken):
        read_token(SECRET, text, now_ms=0)


def test_long_text_is_refused() -> None:
    with pytest.raises(BadToken):
        read_token(SECRET, "A" * 100_000, now_ms=0)


def test_token_is_used_once_and_forgotten_after_its_time() -> None:
    used = UsedTokens()
    assert used.use(CLAIMS, now_ms=0)
    assert not used.use(CLAIMS, now_ms=999)
    later = msgspec.structs.replace(CLAIMS, nonce=b"m" * 12, expires_ms=5_000)
    assert used.use(later, now_ms=1_000)
    assert len(used) == 1
