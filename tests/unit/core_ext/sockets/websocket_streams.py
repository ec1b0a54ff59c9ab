"""Hypothesis strategies for the bytes of a WebSocket: right, nearly right, damaged, and random."""

from hypothesis import strategies as st

from tests.support.gateway.client_frames import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    make_client_frame,
    make_close,
    make_fragments,
)

_EDGES = (0, 1, 124, 125, 126, 127, 1000)
_LENGTHS = (0, 125, 126, 65_535, 65_536, 1 << 31, 1 << 32, (1 << 63) - 1, 1 << 63, (1 << 64) - 1)
_CODES = (
    0,
    999,
    1000,
    1003,
    1004,
    1005,
    1006,
    1007,
    1011,
    1012,
    1013,
    1014,
    1015,
    1016,
    2999,
    3000,
    4999,
    5000,
    65_535,
)
_PIECES_OF_CHARACTERS = (
    b"\xe2",
    b"\x82\xac",
    b"\xf0\x9f",
    b"\x8e\x89",
    b"\xed\xa0",
    b"\x80",
    b"\xc0\xaf",
    b"\xff",
    b"a",
)

keys = st.one_of(st.binary(min_size=4, max_size=4), st.sampled_from([bytes(4), b"\xff" * 4]))
texts = st.text(st.characters(codec="utf-8"), max_size=30).map(str.encode)
edges = st.sampled_from([b"x" * size for size in _EDGES])
broken_texts = st.lists(st.sampled_from(_PIECES_OF_CHARACTERS), max_size=5).map(b"".join)
payloads = st.one_of(texts, st.binary(max_size=40), edges, broken_texts)

reasons = st.one_of(st.just(b""), texts, broken_texts)
closes = st.one_of(
    st.builds(
        make_close, st.one_of(st.sampled_from(_CODES), st.integers(0, 65_535)), reasons.filter(lambda r: len(r) < 124)
    ),
    st.just(make_client_frame(CLOSE)),
    st.binary(min_size=1, max_size=1).map(lambda byte: make_client_frame(CLOSE, byte)),
)
controls = st.builds(make_client_frame, st.sampled_from([PING, PONG]), st.binary(max_size=125), key=keys)


@st.composite
def fragmented(draw: st.DrawFn) -> list[bytes]:
    """The frames of one message, with control frames between them."""
    frames = make_fragments(draw(st.sampled_from([TEXT, BINARY])), draw(st.lists(payloads, min_size=1, max_size=5)))
    found: list[bytes] = []
    for frame in frames:
        found += [frame, *draw(st.lists(controls, max_size=2))]
    return found


any_frames = st.builds(
    make_client_frame,
    st.sampled_from([CONTINUATION, TEXT, BINARY, PING, PONG, CLOSE] * 4 + [3, 7, 11, 15]),
    payloads,
    is_final=st.sampled_from([True, True, False]),
    reserved=st.sampled_from([0] * 12 + [1, 2, 4]),
    key=st.one_of(*[keys] * 8, st.none()),
    length_bytes=st.sampled_from([None] * 12 + [9]),
    declared=st.one_of(*[st.none()] * 8, st.sampled_from(_LENGTHS)),
)
"""Every field wrong now and then. A length field of 9 bytes takes every length, also a short one."""

right_streams = st.lists(st.one_of(fragmented(), controls.map(lambda frame: [frame])), max_size=5).map(
    lambda messages: [frame for message in messages for frame in message]
)
wrong_streams = st.lists(st.one_of(any_frames, controls, closes, st.binary(max_size=12)), max_size=6)


@st.composite
def damaged(draw: st.DrawFn) -> list[bytes]:
    """A right stream with a byte changed, lost or doubled."""
    stream = bytearray(b"".join(draw(right_streams)))
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, max(0, len(stream) - 1)))
        match draw(st.sampled_from(["change", "lose", "double"])):
            case "change":
                stream[place : place + 1] = draw(st.binary(min_size=1, max_size=1))
            case "lose":
                del stream[place : place + draw(st.integers(1, 4))]
            case _:
                stream[place:place] = stream[place : place + draw(st.integers(1, 9))]
    return [bytes(stream)]


@st.composite
def streams(draw: st.DrawFn) -> bytes:
    """The frames of one client, of all kinds, one after another."""
    parts = [draw(right_streams), draw(st.one_of(wrong_streams, damaged(), right_streams))]
    return b"".join(piece for part in parts for piece in part)


def cut(stream: bytes, places: list[int]) -> list[bytes]:
    """The stream in pieces; `places` are taken modulo its length."""
    ends = sorted(place % (len(stream) + 1) for place in places)
    return [stream[start:end] for start, end in zip([0, *ends], [*ends, len(stream)], strict=True)]


cuts = st.lists(st.integers(0, 1 << 16), max_size=10)
