"""The messages on a wire: there and back, and what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.links.messages import (
    Hello,
    Malformed,
    Proof,
    Standing,
    Welcome,
    encode_batch,
    encode_greeting,
    encode_status,
    parse_batch,
    parse_greeting,
    parse_status,
)

NUMBERS = st.integers(0, 2**64 - 1)
STANDING = Standing(b"name", 7)
GREETINGS = [
    Hello(1, "cluster", "worker-1", "worker-2", b"nonce"),
    Welcome(b"nonce", STANDING, b"proof"),
    Proof(STANDING, b"proof"),
]


@given(first=NUMBERS, acknowledged=NUMBERS, frames=st.lists(st.binary(max_size=50), max_size=30))
def test_batches_come_back_as_they_were(first: int, acknowledged: int, frames: list[bytes]) -> None:
    batch = parse_batch(encode_batch(first, acknowledged, frames))

    assert (batch.first, batch.acknowledged, batch.frames) == (first, acknowledged, frames)


@given(frames=st.lists(st.binary(max_size=50), max_size=10), cut=st.integers(1, 1000))
def test_a_batch_that_is_cut_short_or_too_long_is_refused(frames: list[bytes], cut: int) -> None:
    message = encode_batch(1, 0, frames)

    with pytest.raises(Malformed):
        parse_batch(message[: -min(cut, len(message))])
    with pytest.raises(Malformed):
        parse_batch(message + bytes(cut))


@given(acknowledged=NUMBERS, sent=NUMBERS)
def test_a_status_comes_back_as_it_was(acknowledged: int, sent: int) -> None:
    status = parse_status(encode_status(acknowledged, sent))

    assert (status.acknowledged, status.sent) == (acknowledged, sent)


def test_a_status_of_another_length_is_refused() -> None:
    with pytest.raises(Malformed):
        parse_status(encode_status(1, 2)[:-1])


@pytest.mark.parametrize("greeting", GREETINGS, ids=lambda greeting: type(greeting).__name__)
def test_greetings_come_back_as_they_were(greeting: Hello | Welcome | Proof) -> None:
    assert parse_greeting(encode_greeting(greeting)) == greeting


@given(st.binary(max_size=60))
def test_anything_else_is_no_greeting(message: bytes) -> None:
    try:
        greeting = parse_greeting(message)
    except Malformed:
        return
    assert parse_greeting(encode_greeting(greeting)) == greeting


@given(st.binary(max_size=80))
def test_anything_else_is_no_batch(body: bytes) -> None:
    try:
        batch = parse_batch(b"\x04" + body)
    except Malformed:
        return
    assert encode_batch(batch.first, batch.acknowledged, batch.frames) == b"\x04" + body
