"""Dispatch framing: what comes out is read back by independent decoders, byte for byte where the format says so."""

import json
from types import ModuleType

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core_ext.payloads import etf_decode, etf_encode
from tests.unit.core_ext.twins import assert_alike, each, implementations_of, outcome_of

D = {"id": "5", "content": "hä"}
SEQS = [0, 1, 9, 10, 255, 256, 65_536, 999_999_999, 2_147_483_647]
NAMES = ["READY", "A" * 31, "B" * 32, "GUILD_SCHEDULED_EVENT_USER_REMOVE"]


def dispatch(name: str, seq: int) -> dict[str, object]:
    return {"s": seq, "t": name, "op": 0, "d": D}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("seq", SEQS)
@pytest.mark.parametrize("module", each("framing"))
def test_splice_in_each_form_decodes_to_the_dispatch(module: ModuleType, seq: int, name: str) -> None:
    as_json = module.splice_json(seq, module.share_json(name, msgspec.json.encode(D)))
    as_etf = module.splice_etf(seq, module.share_etf(name, etf_encode(D)))
    as_msgpack = module.splice_msgpack(seq, module.share_msgpack(name, msgspec.msgpack.encode(D)))
    assert json.loads(as_json) == dispatch(name, seq)
    assert etf_decode(as_etf) == dispatch(name, seq)
    assert msgspec.msgpack.decode(as_msgpack) == dispatch(name, seq)


@pytest.mark.parametrize("module", each("framing"))
def test_splice_json_puts_the_sequence_first(module: ModuleType) -> None:
    assert module.splice_json(42, b'"t":"X","op":0,"d":{}}') == b'{"s":42,"t":"X","op":0,"d":{}}'


@pytest.mark.parametrize("module", each("framing"))
def test_splice_fixed_width_patches_in_place_and_leaves_the_shared_part_alone(module: ModuleType) -> None:
    shared = module.share_etf("READY", etf_encode({}))
    before = bytes(bytearray(shared))
    spliced = module.splice_etf(0x01020304, shared)
    offset = module.ETF_SEQ_OFFSET
    assert shared == before
    assert spliced[offset - 1 : offset + 4] == b"b\x01\x02\x03\x04"
    assert (spliced[:offset], spliced[offset + 4 :]) == (shared[:offset], shared[offset + 4 :])
    shared = module.share_msgpack("READY", b"\x80")
    offset = module.MSGPACK_SEQ_OFFSET
    assert module.splice_msgpack(0x01020304, shared)[offset - 1 : offset + 4] == b"\xce\x01\x02\x03\x04"


@pytest.mark.parametrize(
    "name", ["splice_json", "splice_etf", "splice_msgpack", "frame_json", "frame_etf", "frame_msgpack"]
)
@pytest.mark.parametrize("seq", [-1, 1 << 31, 1 << 63, -(1 << 70)])
@pytest.mark.parametrize("module", each("framing"))
def test_sequence_past_31_bits_is_refused(module: ModuleType, name: str, seq: int) -> None:
    with pytest.raises(OverflowError):
        getattr(module, name)(seq, bytes(40))


@pytest.mark.parametrize(
    ("name", "size"), [("splice_etf", 16), ("splice_msgpack", 7), ("frame_etf", 0), ("frame_msgpack", 7)]
)
@pytest.mark.parametrize("module", each("framing"))
def test_splice_of_something_too_short_is_refused(module: ModuleType, name: str, size: int) -> None:
    with pytest.raises(ValueError, match="not a shared part"):
        getattr(module, name)(1, bytes(size))
    assert len(getattr(module, name)(1, bytes(17))) >= 17


@pytest.mark.parametrize("name", ["", "X" * 256, "É"])
@pytest.mark.parametrize("module", each("framing"))
def test_share_with_a_name_that_is_no_event_is_refused(module: ModuleType, name: str) -> None:
    for share, d in ((module.share_json, b"{}"), (module.share_etf, b"\x83j"), (module.share_msgpack, b"\x80")):
        with pytest.raises(ValueError, match=r"event's name|ascii"):
            share(name, d)


@pytest.mark.parametrize("module", each("framing"))
def test_share_etf_of_something_else_is_refused(module: ModuleType) -> None:
    for d in (b"", b"{}"):
        with pytest.raises(ValueError, match="no ETF document"):
            module.share_etf("READY", d)


@pytest.mark.parametrize(
    ("opcode", "length", "header"),
    [
        (1, 0, "8100"),
        (2, 125, "827d"),
        (1, 126, "817e007e"),
        (1, 65_535, "817effff"),
        (2, 65_536, "827f0000000000010000"),
        (2, (1 << 63) - 1, "827f7fffffffffffffff"),
        (8, 2, "8802"),
        (10, 4, "8a04"),
    ],
)
@pytest.mark.parametrize("module", each("framing"))
def test_websocket_header_is_as_the_rfc_says(module: ModuleType, opcode: int, length: int, header: str) -> None:
    assert module.websocket_header(opcode, length).hex() == header


@pytest.mark.parametrize(("opcode", "length"), [(-1, 0), (16, 0), (1, -1), (1, 1 << 63), (1, 1 << 80)])
@pytest.mark.parametrize("module", each("framing"))
def test_websocket_header_out_of_range_is_refused(module: ModuleType, opcode: int, length: int) -> None:
    with pytest.raises(ValueError, match="must be in"):
        module.websocket_header(opcode, length)
    if length == 0:
        with pytest.raises(ValueError, match="must be in"):
            module.frame(opcode, b"")


@pytest.mark.parametrize("size", [0, 109, 110, 111, 125, 126, 65_519, 65_520, 65_535, 65_536])
@pytest.mark.parametrize("module", each("framing"))
def test_frame_is_header_and_payload(module: ModuleType, size: int) -> None:
    body = bytes(range(256)) * (size // 256 + 1)
    body = body[:size]
    assert module.frame(9, body) == module.websocket_header(9, size) + body
    spliced = module.splice_json(1234567890, body)
    assert module.frame_json(1234567890, body) == module.websocket_header(1, len(spliced)) + spliced


@pytest.mark.parametrize("module", each("framing"))
def test_frames_of_binary_forms_are_binary(module: ModuleType) -> None:
    etf = module.share_etf("READY", etf_encode(D))
    msgpack = module.share_msgpack("READY", msgspec.msgpack.encode(D))
    assert module.frame_etf(7, etf) == module.frame(2, module.splice_etf(7, etf))
    assert module.frame_msgpack(7, msgpack) == module.frame(2, module.splice_msgpack(7, msgpack))


seqs = st.one_of(st.integers(-2, 1 << 31), st.integers())
bodies = st.one_of(st.binary(max_size=40), st.integers(0, 70_000).map(bytes))


@given(
    name=st.sampled_from(["splice_json", "splice_etf", "splice_msgpack", "frame_json", "frame_etf", "frame_msgpack"]),
    seq=seqs,
    body=bodies,
)
def test_splices_and_frames_with_any_arguments_behave_alike(name: str, seq: int, body: bytes) -> None:
    assert_alike([outcome_of(lambda m=module: getattr(m, name)(seq, body)) for module in implementations_of("framing")])


@given(opcode=st.integers(-2, 18), length=st.one_of(st.integers(), st.integers(0, 70_000)))
def test_headers_with_any_arguments_behave_alike(opcode: int, length: int) -> None:
    modules = implementations_of("framing")
    assert_alike([outcome_of(lambda m=module: m.websocket_header(opcode, length)) for module in modules])
    assert_alike([outcome_of(lambda m=module: m.frame(opcode, bytes(length & 0xFF))) for module in modules])
