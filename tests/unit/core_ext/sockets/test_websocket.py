"""Frames of clients: both readers give the same for the same bytes, however they are cut."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core_ext.sockets.websocket_c import BINARY, CLOSE, NOT_TEXT, PING, PONG, PROTOCOL_ERROR, TEXT, TOO_LARGE
from tests.unit.core_ext.twins import assert_alike, each, implementations_of

MAX_BYTES = 300
MAX_FRAGMENTS = 6
MASK = b"\x01\x80\xfe\x7f"
readers = pytest.mark.parametrize("kernel", each("websocket"))


def make_frame(
    opcode: int,
    payload: bytes,
    *,
    is_final: bool = True,
    reserved: int = 0,
    is_masked: bool = True,
    mask: bytes = MASK,
    width: int = 0,
    length: int | None = None,
) -> bytes:
    """A client's frame. `width` writes the length in so many bytes, `length` says another one than the payload has."""
    size = len(payload) if length is None else length
    width = width or (1 if size < 126 else 2 if size < 65_536 else 8)
    head = bytes((is_final << 7 | reserved << 4 | opcode, is_masked << 7 | {1: size, 2: 126, 8: 127}[width]))
    if width > 1:
        head += size.to_bytes(width, "big")
    if not is_masked:
        return head + payload
    return head + mask + bytes(byte ^ mask[index & 3] for index, byte in enumerate(payload))


def read(kernel: Any, *chunks: bytes) -> tuple[list[tuple[int, bytes]], int]:
    reader = kernel.FrameReader(max_bytes=MAX_BYTES, max_fragments=MAX_FRAGMENTS)
    return [event for chunk in chunks for event in reader.feed(chunk)], reader.refusal


@readers
@pytest.mark.parametrize("size", [0, 1, 3, 4, 7, 8, 9, 125, 126, 127, 300])
def test_payload_of_any_length_is_unmasked(kernel: Any, size: int) -> None:
    payload = bytes(index * 7 & 0xFF for index in range(size))
    assert read(kernel, make_frame(BINARY, payload) * 2) == ([(BINARY, payload)] * 2, 0)


@readers
def test_text_in_fragments_is_joined_around_control_frames(kernel: Any) -> None:
    text = "é🎉".encode()
    pieces = [make_frame(0 if index else TEXT, text[index : index + 1], is_final=False) for index in range(5)]
    data = b"".join((*pieces[:3], make_frame(PING, b"p"), *pieces[3:], make_frame(0, text[5:]), make_frame(PONG, b"")))
    assert read(kernel, data) == ([(PING, b"p"), (TEXT, text), (PONG, b"")], 0)


@readers
def test_nothing_is_read_after_a_close(kernel: Any) -> None:
    close = (3000).to_bytes(2, "big") + "é".encode()
    assert read(kernel, make_frame(CLOSE, close) + make_frame(TEXT, b"a"), make_frame(3, b"")) == ([(CLOSE, close)], 0)


WRONG = [
    (make_frame(TEXT, b"", reserved=4), PROTOCOL_ERROR),
    (make_frame(PING, b"", reserved=1), PROTOCOL_ERROR),
    (make_frame(3, b""), PROTOCOL_ERROR),
    (make_frame(11, b""), PROTOCOL_ERROR),
    (make_frame(TEXT, b"", is_masked=False), PROTOCOL_ERROR),
    (make_frame(0, b""), PROTOCOL_ERROR),
    (make_frame(TEXT, b"", is_final=False) + make_frame(BINARY, b""), PROTOCOL_ERROR),
    (make_frame(PING, b"", is_final=False), PROTOCOL_ERROR),
    (make_frame(PING, b"x" * 126), PROTOCOL_ERROR),
    (make_frame(TEXT, b"x" * 125, width=2), PROTOCOL_ERROR),
    (make_frame(TEXT, b"x" * 126, width=8), PROTOCOL_ERROR),
    (make_frame(TEXT, b"", width=8, length=1 << 63), PROTOCOL_ERROR),
    (make_frame(TEXT, b"", width=8, length=(1 << 63) - 1), TOO_LARGE),
    (make_frame(TEXT, b"", width=2, length=301), TOO_LARGE),
    (make_frame(TEXT, b"x" * 200, is_final=False) + make_frame(0, b"", length=101), TOO_LARGE),
    (make_frame(TEXT, b"", is_final=False) + make_frame(0, b"", is_final=False) * 5, TOO_LARGE),
    (make_frame(TEXT, b"\xed\xa0\x80"), NOT_TEXT),
    (make_frame(TEXT, b"a" * 20 + b"\xc0\x80"), NOT_TEXT),
    (make_frame(TEXT, b"\xf4\x90\x80\x80"), NOT_TEXT),
    (make_frame(TEXT, "é".encode()[:1]), NOT_TEXT),
    (make_frame(TEXT, "é".encode()[:1], is_final=False) + make_frame(0, b"x"), NOT_TEXT),
    (make_frame(CLOSE, b"\x03"), PROTOCOL_ERROR),
    *[
        (make_frame(CLOSE, code.to_bytes(2, "big")), PROTOCOL_ERROR)
        for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535)
    ],
    (make_frame(CLOSE, b"\x03\xe8\xff"), PROTOCOL_ERROR),
]


@readers
@pytest.mark.parametrize(("data", "refusal"), WRONG)
def test_wrong_frame_is_refused_and_nothing_is_read_after_it(kernel: Any, data: bytes, refusal: int) -> None:
    before = make_frame(BINARY, b"before")
    assert read(kernel, before + data + make_frame(TEXT, b"after"), before) == ([(BINARY, b"before")], refusal)
    assert read(kernel, *[bytes((byte,)) for byte in before + data]) == ([(BINARY, b"before")], refusal)


@readers
@pytest.mark.parametrize("code", [1000, 1003, 1007, 1014, 3000, 4999])
def test_close_codes_that_may_be_sent_are_taken(kernel: Any, code: int) -> None:
    payload = code.to_bytes(2, "big")
    assert read(kernel, make_frame(CLOSE, payload)) == ([(CLOSE, payload)], 0)


@readers
def test_too_large_a_message_is_refused_by_its_header_alone(kernel: Any) -> None:
    assert read(kernel, make_frame(BINARY, b"x" * 301)[:4]) == ([], TOO_LARGE)


texts = st.text(st.characters(codec="utf-8"), max_size=60).map(str.encode)
payloads = st.one_of(texts, st.binary(max_size=60), st.sampled_from([b"x" * 125, b"x" * 126, b"x" * 300, b"x" * 301]))
frames = st.builds(
    make_frame,
    st.sampled_from([0, 0, 0, TEXT, TEXT, BINARY, PING, PONG, CLOSE, 3]),
    payloads,
    is_final=st.booleans(),
    reserved=st.sampled_from([0] * 20 + [1, 4]),
    is_masked=st.sampled_from([True] * 20 + [False]),
    mask=st.binary(min_size=4, max_size=4),
)
whole = st.builds(make_frame, st.sampled_from([TEXT, BINARY, PING, PONG]), payloads)
streams = st.one_of(
    st.lists(frames, max_size=8).map(b"".join), st.lists(whole, max_size=8).map(b"".join), st.binary(max_size=60)
)


@given(data=streams, cuts=st.lists(st.integers(0, 400), max_size=8))
def test_both_readers_give_the_same_however_bytes_are_cut(data: bytes, cuts: list[int]) -> None:
    places = [0, *sorted(cuts), len(data)]
    chunks = [data[start:end] for start, end in pairwise(places)]
    outcomes = [read(kernel, *pieces) for kernel in implementations_of("websocket") for pieces in ([data], chunks)]
    assert_alike(outcomes)


@given(data=st.one_of(st.binary(max_size=20), texts))
def test_text_is_what_python_decodes(data: bytes) -> None:
    try:
        data.decode()
    except UnicodeDecodeError:
        expected: Any = ([], NOT_TEXT)
    else:
        expected = ([(TEXT, data)], 0)
    for kernel in implementations_of("websocket"):
        assert read(kernel, make_frame(TEXT, data)) == expected
