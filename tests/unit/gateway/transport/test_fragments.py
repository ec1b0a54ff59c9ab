"""Fragments put together, bounded in bytes and in frames."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.wire import close_codes
from core.wire.close_codes import CloseCode
from gateway.payloads.encodings import RefusedPayload
from gateway.transport.fragments import BINARY, CONTINUATION, MAX_FRAGMENTS, TEXT, Fragments

MAX_BYTES = 100


def refusal_of(fragments: Fragments, opcode: int, data: bytes, *, is_final: bool) -> CloseCode:
    with pytest.raises(RefusedPayload) as caught:
        fragments.add(opcode, data, is_final=is_final)
    return caught.value.close_code


@pytest.mark.parametrize(("opcode", "is_text"), [(TEXT, True), (BINARY, False)])
def test_add_whole_frame_is_a_message(opcode: int, is_text: bool) -> None:
    message = Fragments(MAX_BYTES).add(opcode, b"abc", is_final=True)
    assert message is not None
    assert (message.data, message.is_text) == (b"abc", is_text)


@given(
    parts=st.lists(st.binary(max_size=30), min_size=1, max_size=12).filter(
        lambda parts: sum(map(len, parts)) <= MAX_BYTES
    ),
    opcode=st.sampled_from([TEXT, BINARY]),
)
def test_add_fragments_give_their_sum_again_and_again(parts: list[bytes], opcode: int) -> None:
    fragments = Fragments(MAX_BYTES)
    for _ in range(2):
        for index, part in enumerate(parts):
            is_last = index == len(parts) - 1
            message = fragments.add(opcode if index == 0 else CONTINUATION, part, is_final=is_last)
            assert (message is not None) is is_last
        assert message is not None
        assert message.data == b"".join(parts)
        assert message.is_text is (opcode == TEXT)


def test_add_continuation_of_nothing_is_a_protocol_error() -> None:
    assert refusal_of(Fragments(MAX_BYTES), CONTINUATION, b"", is_final=True) is close_codes.PROTOCOL_ERROR


def test_add_new_message_within_another_is_a_protocol_error() -> None:
    fragments = Fragments(MAX_BYTES)
    fragments.add(TEXT, b"a", is_final=False)
    assert refusal_of(fragments, TEXT, b"b", is_final=True) is close_codes.PROTOCOL_ERROR


def test_add_more_than_the_limit_in_one_frame_is_a_decode_error() -> None:
    assert refusal_of(Fragments(MAX_BYTES), BINARY, b"x" * 101, is_final=True) is close_codes.DECODE_ERROR


def test_add_more_than_the_limit_in_fragments_is_a_decode_error() -> None:
    fragments = Fragments(MAX_BYTES)
    fragments.add(BINARY, b"x" * 60, is_final=False)
    fragments.add(CONTINUATION, b"x" * 40, is_final=False)
    assert refusal_of(fragments, CONTINUATION, b"x", is_final=True) is close_codes.DECODE_ERROR


def test_add_endless_empty_fragments_is_a_decode_error() -> None:
    fragments = Fragments(MAX_BYTES)
    fragments.add(BINARY, b"", is_final=False)
    for _ in range(MAX_FRAGMENTS - 2):
        fragments.add(CONTINUATION, b"", is_final=False)
    assert refusal_of(fragments, CONTINUATION, b"", is_final=False) is close_codes.DECODE_ERROR
