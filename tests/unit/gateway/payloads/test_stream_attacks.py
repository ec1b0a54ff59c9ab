"""Bodies made to break streams: repeats at zstd's remembered offsets, at edges of windows, blocks and the pad."""

import random
import zlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.payloads.body import Body
from gateway.payloads.compression import chain_deflate, compress_deflate
from gateway.payloads.dispatch_body import DispatchBody
from gateway.payloads.encodings import Encoding, encode_payload
from gateway.payloads.shared_pairs import SharedPairs
from gateway.payloads.spliced_body import SplicedBody
from gateway.payloads.wire_formats import WireFormats
from tests.support.gateway.stream_clients import assert_dispatch
from tests.support.gateway.websocket_frames import STREAM_DECODERS, split_frame

# A failure shows its bodies, and they are large.
pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")

WIRE_FORMATS = WireFormats()
SAFE = bytes(byte for byte in range(32, 127) if byte not in b'"\\')
EDGES = (4095, 4096, 4097, 32_506, 32_767, 32_768, 32_769, 65_535, 65_536, 131_071, 131_072, 131_073)
"""Sizes around deflate's small and full windows (32 KiB less the room of a match), stored blocks and zstd's blocks."""

offsets = st.one_of(st.sampled_from([1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 18]), st.integers(1, 300), st.sampled_from(EDGES))
lengths = st.one_of(st.integers(1, 12), st.integers(1, 600))
steps = st.one_of(
    st.tuples(st.just("copy"), offsets, lengths),
    st.tuples(st.just("copy"), offsets, lengths),
    st.tuples(st.just("noise"), st.integers(0, 1 << 32), st.integers(0, 40)),
    st.tuples(st.just("run"), st.sampled_from(SAFE), lengths),
    st.tuples(st.just("pad"), st.just(0), st.integers(1, 40)),
    st.tuples(st.just("filler"), st.sampled_from([*EDGES, 140_000, 270_000]), st.integers(0, 3)),
)
"""The next piece of a body. Copies without noise between them are sequences without literals, for which zstd's offset
codes have another meaning."""


def grow(text: bytearray, step: tuple[str, int, int]) -> None:
    kind, value, size = step
    if kind == "copy":
        for _ in range(size):
            text.append(text[-value] if value <= len(text) else SAFE[value % len(SAFE)])
    elif kind == "noise":
        text += bytes(random.Random(value).choices(SAFE, k=size))
    elif kind == "run":
        text += bytes((value,)) * size
    elif kind == "pad":
        text += b" " * size
    elif size == 0:
        text += bytes(random.Random(value).choices(SAFE, k=value))  # incompressible
    else:
        text += b"x" * value  # one byte repeated: RLE blocks


@st.composite
def hostile_texts(draw: st.DrawFn) -> bytes:
    text = bytearray(draw(st.sampled_from([b"", b" " * 17, b" " * 40, b"abcdefgh", b"}}"])))
    for step in draw(st.lists(steps, min_size=1, max_size=25)):
        if len(text) < 400_000:
            grow(text, step)
    return bytes(text)


def make_body(text: bytes, shape: str) -> Body:
    """The text at the beginning of a body, at its end, or in its shared pairs."""
    if shape == "plain":
        return DispatchBody("E", b'"%b"' % text)
    if shape == "named":
        return DispatchBody("E" * 255, b'{"%b":%b}' % (text[:5000], b"1" * 20))
    half = len(text) // 2
    parts = (SharedPairs(b'{"b":"%b"}' % text[half:]), SharedPairs(b'{"c":"%b"}' % text[:half]))
    return SplicedBody("E", b'{"a":"%b"}' % text[:700], parts)


def find_template(wire_format: Any, body: Body, previous: Body | None, *, chains: bool) -> Any:
    chained = body.chain(wire_format, previous) if chains and previous is not None else None
    return chained or body.find_template(wire_format)


@pytest.mark.parametrize("decoder", STREAM_DECODERS)
@pytest.mark.parametrize("encoding", list(Encoding))
@settings(max_examples=30)
@given(
    plan=st.lists(
        st.tuples(
            hostile_texts(), st.sampled_from(["plain", "plain", "named", "spliced"]), st.booleans(), st.booleans()
        ),
        min_size=1,
        max_size=6,
    )
)
def test_stream_of_hostile_bodies_is_read_byte_for_byte(
    encoding: Encoding, decoder: str, plan: list[tuple[bytes, str, bool, bool]]
) -> None:
    compression, make = STREAM_DECODERS[decoder]
    wire_format: Any = WIRE_FORMATS.find(encoding, compression)
    decompressor = make()
    ack = encode_payload(encoding, 11)
    assert decompressor.decompress(split_frame(wire_format.open(ack))[1]) == ack
    previous: Body | None = None
    for text, shape, chains, speaks in plan:
        body = make_body(text, shape)
        template = find_template(wire_format, body, previous, chains=chains)
        assert_dispatch(encoding, decompressor.decompress(split_frame(template.encode(7))[1]), 7, body)
        previous = body
        if speaks:
            assert decompressor.decompress(split_frame(wire_format.encode(ack))[1]) == ack
            previous = None


@pytest.mark.parametrize("gap", [0, 1, 16, 300])
@given(before=hostile_texts(), data=hostile_texts())
@settings(max_examples=40)
def test_chained_segment_is_right_whatever_is_in_the_gap(gap: int, before: bytes, data: bytes) -> None:
    segment = chain_deflate(data, before=before, gap_bytes=gap)
    if segment is None:
        return
    for byte in b"\x00 a":
        decompressor = zlib.decompressobj(-15)
        assert decompressor.decompress(compress_deflate(before)) == before
        stored = bytes((0, gap & 255, gap >> 8, gap & 255 ^ 255, gap >> 8 ^ 255)) + bytes((byte,)) * gap
        assert decompressor.decompress(stored + segment) == bytes((byte,)) * gap + data
