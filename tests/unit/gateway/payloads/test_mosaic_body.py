"""Mosaic bodies: one session's pieces and shared ones, read as one object in every wire format."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.payloads.compression import Compression
from gateway.payloads.encodings import Encoding, encode_payload
from gateway.payloads.mosaic_body import MosaicBody, join_own
from gateway.payloads.shared_pairs import SharedPairs
from gateway.payloads.shared_text import SharedText
from gateway.payloads.splicing import Piece
from gateway.payloads.wire_formats import WireFormats
from tests.support.gateway.websocket_frames import STREAM_DECODERS, decode_payload, split_frame

WIRE_FORMATS = WireFormats()

items = st.dictionaries(st.text(max_size=8), st.one_of(st.integers(-9, 9), st.text(max_size=300)), max_size=6)
guilds = st.lists(st.tuples(items, items), max_size=5)


def encode(value: object) -> bytes:
    return json.dumps(value).encode()


def lay(shown: list[tuple[dict[str, Any], dict[str, Any]]]) -> tuple[MosaicBody, dict[str, Any]]:
    """A body with these guilds, each of own and shared pairs and with a shared list, and its `d`."""
    pieces: list[Piece] = [b'{"user":{"id":"1"},"guilds":[']
    expected: list[dict[str, Any]] = []
    for number, (own, shared) in enumerate(shown):
        guild = {"own": own, "shared": shared, "members": [shared]}
        pieces += [(b"," if number else b"") + encode({"own": own})[:-1], SharedPairs(encode({"shared": shared}))]
        pieces += [b',"members":', SharedText(encode([shared])), b"}"]
        expected.append(guild)
    pieces += [b"]", SharedPairs(b'{"v":10}')]
    return MosaicBody("READY", join_own(pieces)), {"user": {"id": "1"}, "guilds": expected, "v": 10}


def read(encoding: Encoding, payload: bytes) -> Any:
    dispatch = decode_payload(encoding, payload)
    assert (dispatch["t"], dispatch["op"], dispatch["s"]) == ("READY", 0, 7)
    return dispatch["d"]


@pytest.mark.parametrize("encoding", list(Encoding))
@given(shown=guilds)
def test_mosaic_without_compression_is_its_object(encoding: Encoding, shown: Any) -> None:
    body, d = lay(shown)
    assert json.loads(body.payload) == d
    _, payload = split_frame(WIRE_FORMATS.find(encoding, Compression.NONE).encode_dispatch(body, 7))
    assert read(encoding, payload) == d


@pytest.mark.parametrize("decoder", STREAM_DECODERS)
@pytest.mark.parametrize("encoding", list(Encoding))
@given(several=st.lists(guilds, min_size=1, max_size=3))
def test_mosaics_in_a_stream_are_their_objects(encoding: Encoding, decoder: str, several: list[Any]) -> None:
    compression, make = STREAM_DECODERS[decoder]
    wire_format, decompressor = WIRE_FORMATS.find(encoding, compression), make()
    ack = encode_payload(encoding, 11)
    assert decompressor.decompress(split_frame(wire_format.open(ack))[1]) == ack
    for shown in several:
        body, d = lay(shown)
        _, payload = split_frame(wire_format.encode_dispatch(body, 7))
        if compression is Compression.ZLIB_STREAM:
            assert payload.endswith(b"\x00\x00\xff\xff")
        assert read(encoding, decompressor.decompress(payload)) == d


def test_shared_pieces_are_compressed_once_and_not_counted() -> None:
    pairs, text = SharedPairs(b'{"a":"' + b"x" * 5000 + b'"}'), SharedText(b'["' + b"y" * 5000 + b'"]')
    for compression in (Compression.ZLIB_STREAM, Compression.ZSTD_STREAM):
        found = []
        for own in (b'{"own":1', b'{"own":2'):
            body = MosaicBody("E", (own, pairs, b',"list":', text))
            assert body.size_bytes == len(own) + len(b',"list":')
            body.find_template(WIRE_FORMATS.find(Encoding.JSON, compression))
            found.append([part.segment(Encoding.JSON, compression, 0, lambda *_: b"anew") for part in (pairs, text)])
        assert found[0] == found[1]
        assert b"anew" not in found[0]
        assert all(one is other for one, other in zip(*found, strict=True))


def test_own_pieces_that_touch_become_one() -> None:
    pairs = SharedPairs(b"{}")
    assert join_own([b"{", b"", b'"a":1', pairs, b"", b"}", b"]"]) == (b'{"a":1', pairs, b"}]")
