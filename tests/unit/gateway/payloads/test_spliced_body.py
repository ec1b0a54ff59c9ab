"""Spliced bodies: one session's pairs and shared ones, read as one object in every wire format."""

import json
import sys
import zlib
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.payloads.compression import Compression
from gateway.payloads.dispatch_body import DispatchBody
from gateway.payloads.encodings import Encoding, encode_payload
from gateway.payloads.shared_pairs import SharedPairs
from gateway.payloads.spliced_body import SplicedBody
from gateway.payloads.wire_formats import WireFormats
from tests.support.gateway.websocket_frames import STREAM_DECODERS, decode_payload, split_frame

WIRE_FORMATS = WireFormats()
encodings = pytest.mark.parametrize("encoding", list(Encoding))
streams = pytest.mark.parametrize("decoder", STREAM_DECODERS)

words = st.text(st.characters(codec="utf-8"), max_size=20)
values = st.one_of(
    st.none(),
    st.integers(-(1 << 63), (1 << 64) - 1),
    st.builds(lambda word, count: word * count, words, st.integers(1, 200)),
    st.lists(words, max_size=4),
    st.dictionaries(words, words, max_size=4),
)
# Each place has its own keys, because all keys of a dispatch differ.
objects = st.lists(values, max_size=20)


def pairs_of(name: str, items: list[Any]) -> dict[str, Any]:
    return {f"{name}{index}": item for index, item in enumerate(items)}


def splice(own: dict[str, Any], *shared: dict[str, Any]) -> SplicedBody:
    return SplicedBody(
        "GUILD_CREATE", msgspec.json.encode(own), tuple(SharedPairs(msgspec.json.encode(each)) for each in shared)
    )


def read_d(encoding: Encoding, payload: bytes, *, pads: int = 0) -> Any:
    """Return `d` without the pads' keys, whose number is checked."""
    dispatch = decode_payload(encoding, payload)
    assert (dispatch["t"], dispatch["op"]) == ("GUILD_CREATE", 0)
    for number in range(1, pads + 1):
        assert dispatch["d"].pop("_" * number) == " " * 17
    return dispatch["d"]


@encodings
@given(own=objects, first=objects, second=objects)
def test_spliced_body_without_compression_is_all_its_pairs(
    encoding: Encoding, own: list[Any], first: list[Any], second: list[Any]
) -> None:
    parts = pairs_of("own", [None, *own]), pairs_of("a", first), pairs_of("b", second)
    _, payload = split_frame(WIRE_FORMATS.find(encoding, Compression.NONE).encode_dispatch(splice(*parts), 7))
    assert read_d(encoding, payload) == parts[0] | parts[1] | parts[2]


@streams
@encodings
@given(bodies=st.lists(st.tuples(objects, objects, objects), min_size=1, max_size=4))
def test_spliced_bodies_in_a_stream_are_all_their_pairs(
    encoding: Encoding, decoder: str, bodies: list[tuple[list[Any], list[Any], list[Any]]]
) -> None:
    compression, make = STREAM_DECODERS[decoder]
    wire_format, decompressor = WIRE_FORMATS.find(encoding, compression), make()
    ack = encode_payload(encoding, 11)
    assert decompressor.decompress(split_frame(wire_format.open(ack))[1]) == ack
    pads = 0 if encoding is Encoding.JSON or compression is Compression.ZLIB_STREAM else 2
    for own, first, second in bodies:
        parts = pairs_of("own", [None, *own]), pairs_of("a", first), pairs_of("b", second)
        _, payload = split_frame(wire_format.encode_dispatch(splice(*parts), 7))
        assert read_d(encoding, decompressor.decompress(payload), pads=pads) == parts[0] | parts[1] | parts[2]
        # The events after it are not affected.
        d = msgspec.json.encode(parts[0])
        _, payload = split_frame(wire_format.encode_dispatch(DispatchBody("GUILD_CREATE", d), 7))
        assert read_d(encoding, decompressor.decompress(payload)) == parts[0]


@given(own=objects, first=objects)
def test_spliced_body_with_payload_compression_is_a_zlib_document(own: list[Any], first: list[Any]) -> None:
    parts = pairs_of("own", [None, *own]), pairs_of("a", first)
    wire_format = WIRE_FORMATS.find(Encoding.JSON, Compression.ZLIB_PAYLOAD)
    _, payload = split_frame(wire_format.encode_dispatch(splice(*parts), 7))
    assert read_d(Encoding.JSON, zlib.decompress(payload)) == parts[0] | parts[1]


@encodings
def test_spliced_body_of_own_pairs_alone_is_a_dispatch_of_them(encoding: Encoding) -> None:
    for own in ({}, {"v": 10}, {f"key{index}": index for index in range(70_000)}):
        _, payload = split_frame(WIRE_FORMATS.find(encoding, Compression.NONE).encode_dispatch(splice(own), 1))
        assert read_d(encoding, payload) == own


def test_zlib_stream_of_spliced_bodies_ends_every_payload_in_a_sync_flush() -> None:
    for encoding in Encoding:
        wire_format = WIRE_FORMATS.find(encoding, Compression.ZLIB_STREAM)
        for body in (splice({"a": 1}), splice({"a": 1}, {"b": 2}), splice({"a": "x" * 5000}, {"b": 2})):
            assert split_frame(wire_format.encode_dispatch(body, 1))[1].endswith(b"\x00\x00\xff\xff")


def test_shared_pairs_are_encoded_and_compressed_once_for_all_sessions() -> None:
    shared = (SharedPairs(b'{"roles":[' + b"1," * 500 + b"1]}"),)
    for encoding in Encoding:
        for compression in (Compression.NONE, Compression.ZLIB_STREAM, Compression.ZSTD_STREAM):
            wire_format = WIRE_FORMATS.find(encoding, compression)
            texts, segments = [], []
            for own in (b'{"a":1}', b'{"a":2}'):
                SplicedBody("E", own, shared).find_template(wire_format)
                texts.append(shared[0].text(encoding))
                segments.append(shared[0].segment(encoding, compression, 0, lambda text, _: text))
            assert texts[0] is texts[1]
            assert segments[0] is segments[1]


def test_shared_pairs_of_nothing_add_nothing() -> None:
    body = splice({"a": 1}, {}, {"b": 2}, {})
    assert json.loads(body.payload) == {"a": 1, "b": 2}
    for encoding in Encoding:
        _, payload = split_frame(WIRE_FORMATS.find(encoding, Compression.NONE).encode_dispatch(body, 1))
        assert read_d(encoding, payload) == {"a": 1, "b": 2}


def test_shared_pairs_behind_no_own_ones_are_refused() -> None:
    with pytest.raises(ValueError, match="own"):
        splice({}, {"a": 1})


@pytest.mark.parametrize("encoding", [Encoding.ETF, Encoding.MSGPACK])
def test_shared_pairs_with_ints_past_64_bits_become_text_in_binary_encodings(encoding: Encoding) -> None:
    big = 99_999_999_999_999_999_999
    _, payload = split_frame(
        WIRE_FORMATS.find(encoding, Compression.NONE).encode_dispatch(splice({"a": big}, {"b": big}), 1)
    )
    assert read_d(encoding, payload) == {"a": str(big), "b": str(big)}


def test_spliced_body_counts_and_keeps_its_own_pairs_alone() -> None:
    shared = (SharedPairs(b'{"x":"' + b"x" * 100_000 + b'"}'),)
    body = SplicedBody("E", b'{"a":1}', shared)
    assert body.size_bytes == 7
    for compression in (Compression.NONE, Compression.ZLIB_STREAM, Compression.ZSTD_STREAM):
        body.find_template(WIRE_FORMATS.find(Encoding.JSON, compression))
    assert sys.getsizeof(body) <= 64
    assert body.parts is shared
