"""Payloads of VP8, read and renumbered, against aiortc's own descriptors."""

from aiortc.codecs.vpx import VpxPayloadDescriptor
from hypothesis import given
from hypothesis import strategies as st

from voice.packets.vp8 import parse_vp8

KEYFRAME, OTHER = b"\x10", b"\x11"


def describe(picture: int | None, tl0: int | None, start: int = 1, partition: int = 0) -> bytes:
    descriptor = VpxPayloadDescriptor(
        partition_start=start, partition_id=partition, picture_id=picture, tl0picidx=tl0, tid=(1, 0), keyidx=3
    )
    return bytes(descriptor)


@given(
    picture=st.none() | st.integers(0, 0x7FFF),
    tl0=st.none() | st.integers(0, 255),
    pictures=st.integers(-40_000, 40_000),
    layers=st.integers(-300, 300),
    content=st.binary(min_size=1, max_size=20),
)
def test_renumbered_payload_says_the_same_else(
    picture: int | None, tl0: int | None, pictures: int, layers: int, content: bytes
) -> None:
    payload = describe(picture, tl0) + content
    vp8 = parse_vp8(payload)
    assert vp8 is not None
    changed, after = vp8.renumber(payload, pictures, layers)
    assert parse_vp8(changed) == after
    theirs, rest = VpxPayloadDescriptor.parse(changed)
    assert rest == content
    assert len(changed) == len(payload)
    if picture is not None:
        assert theirs.picture_id == (picture + pictures) % vp8.pictures
    if tl0 is not None:
        assert theirs.tl0picidx == (tl0 + layers) % 256
    assert (theirs.tid, theirs.keyidx) == ((1, 0), 3)


def test_keyframe_begins_in_the_first_packet_alone() -> None:
    def is_keyframe(payload: bytes) -> bool:
        vp8 = parse_vp8(payload)
        return vp8 is not None and vp8.is_keyframe

    assert is_keyframe(describe(7, 1) + KEYFRAME)
    assert is_keyframe(b"\x10" + KEYFRAME)
    assert not is_keyframe(describe(7, 1) + OTHER)
    assert not is_keyframe(describe(7, 1, start=0) + KEYFRAME)
    assert not is_keyframe(describe(7, 1, partition=1) + KEYFRAME)


@given(st.binary(max_size=12))
def test_any_bytes_are_read_or_refused(payload: bytes) -> None:
    vp8 = parse_vp8(payload)
    if vp8 is not None:
        assert parse_vp8(vp8.renumber(payload, 0, 0)[0]) == vp8
