"""Frames as clients read them: golden bytes, stock decoders over long streams, and random events of hypothesis."""

import json
import zlib
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.payloads.compression import Compression
from gateway.payloads.dispatch_body import DispatchBody
from gateway.payloads.encodings import Encoding, encode_payload
from gateway.payloads.wire_formats import WireFormats
from tests.support.gateway.websocket_frames import STREAM_DECODERS, decode_payload, split_frame

GOLDEN: dict[str, Any] = json.loads((Path(__file__).parents[3] / "golden" / "gateway_frames.json").read_text())
TEXT, BINARY = 1, 2
MAX_SEQ = (1 << 31) - 1

WIRE_FORMATS = WireFormats()
streams = pytest.mark.parametrize("decoder", STREAM_DECODERS)
encodings = pytest.mark.parametrize("encoding", list(Encoding))

texts = st.text(st.characters(codec="utf-8"), max_size=40)
# Repetitive text makes matches, which a wrong offset in a stream would break.
repetitive = st.builds(lambda text, count: text * count, texts, st.integers(1, 300))
numbers = st.integers(-(1 << 63) + 1, (1 << 64) - 1)
bodies = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, st.floats(allow_nan=False, allow_infinity=False), texts, repetitive),
    lambda inner: st.one_of(st.lists(inner, max_size=5), st.dictionaries(texts, inner, max_size=5)),
    max_leaves=20,
)


def golden_name(case: dict[str, Any]) -> str:
    what = case.get("event", f"op{case.get('op')}")
    return f"{case['encoding']}-{case['compression']}-{what}-{case.get('seq', '')}"


def payload_of(case: dict[str, Any]) -> dict[str, Any]:
    if "event" in case:
        return {"t": case["event"], "s": case["seq"], "op": 0, "d": case["d"]}
    return {"t": None, "s": None, "op": case["op"], "d": case["d"]}


def encode(wire_format: Any, encoding: Encoding, case: dict[str, Any]) -> bytes:
    if "event" in case:
        return wire_format.encode_dispatch(DispatchBody(case["event"], msgspec.json.encode(case["d"])), case["seq"])
    return wire_format.encode(encode_payload(encoding, case["op"], case["d"]))


@pytest.mark.parametrize("case", [case for case in GOLDEN["frames"] if case["compression"] == "NONE"], ids=golden_name)
def test_plain_frame_is_its_golden_bytes(case: dict[str, Any]) -> None:
    encoding = Encoding[case["encoding"]]
    frame = encode(WIRE_FORMATS.find(encoding, Compression.NONE), encoding, case)
    assert frame.hex() == case["frame"]
    opcode, payload = split_frame(frame)
    assert opcode == (TEXT if encoding is Encoding.JSON else BINARY)
    assert decode_payload(encoding, payload) == payload_of(case)


@pytest.mark.parametrize("case", [case for case in GOLDEN["frames"] if case["compression"] != "NONE"], ids=golden_name)
def test_payload_compression_golden_and_present_bytes_are_zlib_documents(case: dict[str, Any]) -> None:
    frame = encode(WIRE_FORMATS.find(Encoding.JSON, Compression.ZLIB_PAYLOAD), Encoding.JSON, case)
    for opcode, payload in (split_frame(frame), split_frame(bytes.fromhex(case["frame"]))):
        assert opcode == BINARY
        assert json.loads(zlib.decompress(payload)) == payload_of(case)


@pytest.mark.parametrize(
    ("stream", "decoder"),
    [
        pytest.param(stream, decoder, id=f"{stream['encoding']}-{decoder}")
        for stream in GOLDEN["streams"]
        for decoder, (compression, _) in STREAM_DECODERS.items()
        if compression.name == stream["compression"]
    ],
)
def test_stream_golden_bytes_are_read_by_stock_decoders(stream: dict[str, Any], decoder: str) -> None:
    decompressor = STREAM_DECODERS[decoder][1]()
    for part in stream["parts"]:
        opcode, payload = split_frame(bytes.fromhex(part["frame"]))
        assert opcode == BINARY
        assert decode_payload(Encoding[stream["encoding"]], decompressor.decompress(payload)) == payload_of(part)


@pytest.mark.parametrize("stream", GOLDEN["streams"], ids=golden_name)
def test_stream_stored_parts_are_their_golden_bytes(stream: dict[str, Any]) -> None:
    """Stored bytes do not differ between versions of the compressors."""
    encoding = Encoding[stream["encoding"]]
    wire_format = WIRE_FORMATS.find(encoding, Compression[stream["compression"]])
    # A block's header (5 bytes of deflate, 3 of zstd) and the prefix: `{"s":1,`, or all up to the fixed-width `s`.
    stored_bytes = 3 + (22 if encoding is Encoding.ETF else 7)
    first, *others = stream["parts"]
    assert wire_format.open(encode_payload(encoding, first["op"], first["d"])).hex() == first["frame"]
    for part in others:
        _, present = split_frame(encode(wire_format, encoding, part))
        _, golden = split_frame(bytes.fromhex(part["frame"]))
        if "event" in part:
            present, golden = present[:stored_bytes], golden[:stored_bytes]
        assert present == golden


@streams
@encodings
@given(events=st.lists(st.tuples(bodies, st.integers(0, MAX_SEQ)), min_size=1, max_size=12))
def test_stream_of_any_events_decodes_to_them(encoding: Encoding, decoder: str, events: list[tuple[Any, int]]) -> None:
    compression, make = STREAM_DECODERS[decoder]
    wire_format, decompressor = WIRE_FORMATS.find(encoding, compression), make()
    ack = encode_payload(encoding, 11)
    assert decompressor.decompress(split_frame(wire_format.open(ack))[1]) == ack
    for d, seq in events:
        body = DispatchBody("MESSAGE_CREATE", msgspec.json.encode(d))
        _, payload = split_frame(wire_format.encode_dispatch(body, seq))
        expected = {"t": "MESSAGE_CREATE", "s": seq, "op": 0, "d": d}
        assert decode_payload(encoding, decompressor.decompress(payload)) == expected
        assert decompressor.decompress(split_frame(wire_format.encode(ack))[1]) == ack


@given(d=bodies, seq=st.integers(0, MAX_SEQ))
def test_payload_compression_of_any_event_decodes_to_it(d: Any, seq: int) -> None:
    wire_format = WIRE_FORMATS.find(Encoding.JSON, Compression.ZLIB_PAYLOAD)
    _, payload = split_frame(wire_format.encode_dispatch(DispatchBody("E", msgspec.json.encode(d)), seq))
    assert json.loads(zlib.decompress(payload)) == {"t": "E", "s": seq, "op": 0, "d": d}


@streams
@encodings
def test_stream_of_one_event_to_many_connections_shares_its_compressed_part(encoding: Encoding, decoder: str) -> None:
    compression, make = STREAM_DECODERS[decoder]
    body = DispatchBody("MESSAGE_CREATE", msgspec.json.encode({"content": "word " * 500}))
    wire_format = WIRE_FORMATS.find(encoding, compression)
    payloads = [split_frame(wire_format.encode_dispatch(body, seq))[1] for seq in (1, 2, MAX_SEQ)]
    assert len({payload[-40:] for payload in payloads}) == 1
    for seq, payload in zip((1, 2, MAX_SEQ), payloads, strict=True):
        decompressor = make()
        decompressor.decompress(split_frame(wire_format.open(encode_payload(encoding, 11)))[1])
        assert decode_payload(encoding, decompressor.decompress(payload))["s"] == seq


@streams
@pytest.mark.parametrize("size", [0, 1, 4096, 4097, 65_535, 65_536, 131_072, 131_073, 700_000])
def test_stream_of_bodies_at_every_block_boundary_decodes(decoder: str, size: int) -> None:
    """Sizes around windows and blocks decompress, for text that compresses well and badly."""
    compression, make = STREAM_DECODERS[decoder]
    wire_format, decompressor = WIRE_FORMATS.find(Encoding.JSON, compression), make()
    decompressor.decompress(split_frame(wire_format.open(encode_payload(Encoding.JSON, 11)))[1])
    noise = "".join(chr(33 + (index * index * 7919 >> 5) % 90) for index in range(size)).replace("\\", "/")
    for text in (noise, "a" * size, noise, "ab" * (size // 2)):
        body = DispatchBody("E", msgspec.json.encode(text))
        _, payload = split_frame(wire_format.encode_dispatch(body, 7))
        assert json.loads(decompressor.decompress(payload))["d"] == text


def test_zlib_stream_every_payload_ends_in_a_sync_flush() -> None:
    wire_format = WIRE_FORMATS.find(Encoding.JSON, Compression.ZLIB_STREAM)
    body = DispatchBody("E", b"{}")
    for frame in (wire_format.open(b"{}"), wire_format.encode(b"{}"), wire_format.encode_dispatch(body, 1)):
        assert split_frame(frame)[1].endswith(b"\x00\x00\xff\xff")


def test_unicast_longer_than_a_stored_block_decodes_in_every_stream() -> None:
    text = msgspec.json.encode("x" * 300_000)
    for compression, make in STREAM_DECODERS.values():
        decompressor = make()
        assert decompressor.decompress(split_frame(WIRE_FORMATS.find(Encoding.JSON, compression).open(text))[1]) == text


@pytest.mark.parametrize("encoding", [Encoding.ETF, Encoding.MSGPACK])
def test_int_past_64_bits_becomes_text_in_binary_encodings(encoding: Encoding) -> None:
    """A nonce may have 25 digits, which must not stop the event in the other encodings."""
    body = DispatchBody("E", b'{"nonce":9999999999999999999999999,"list":[-99999999999999999999,1.5,true,7]}')
    _, payload = split_frame(WIRE_FORMATS.find(encoding, Compression.NONE).encode_dispatch(body, 1))
    assert decode_payload(encoding, payload)["d"] == {
        "nonce": "9999999999999999999999999",
        "list": ["-99999999999999999999", 1.5, True, 7],
    }
