"""Payloads of VP8, read and renumbered, against aiortc's own descriptors."""

from types import ModuleType
from typing import Any

import pytest
from aiortc.codecs.vpx import VpxPayloadDescriptor
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.core_ext.twins import assert_alike, each, implementations_of

KEYFRAME, OTHER = b"\x10", b"\x11"


def describe(picture: int | None, tl0: int | None, start: int = 1, partition: int = 0) -> bytes:
    descriptor = VpxPayloadDescriptor(
        partition_start=start, partition_id=partition, picture_id=picture, tl0picidx=tl0, tid=(1, 0), keyidx=3
    )
    return bytes(descriptor)


def told(vp8: Any) -> tuple[Any, ...] | None:
    """All that a payload says."""
    if vp8 is None:
        return None
    return vp8.is_keyframe, vp8.picture_at, vp8.picture_bytes, vp8.picture, vp8.layer_at, vp8.layer, vp8.pictures


@pytest.mark.parametrize("module", each("vp8"))
@given(
    picture=st.none() | st.integers(0, 0x7FFF),
    tl0=st.none() | st.integers(0, 255),
    pictures=st.integers(-40_000, 40_000),
    layers=st.integers(-300, 300),
    content=st.binary(min_size=1, max_size=20),
)
def test_renumbered_payload_says_the_same_else(
    module: ModuleType, picture: int | None, tl0: int | None, pictures: int, layers: int, content: bytes
) -> None:
    payload = describe(picture, tl0) + content
    vp8 = module.parse_vp8(payload)
    changed, after = vp8.renumber(payload, pictures, layers)
    assert told(module.parse_vp8(changed)) == told(after)
    theirs, rest = VpxPayloadDescriptor.parse(changed)
    assert rest == content
    assert len(changed) == len(payload)
    if picture is not None:
        assert theirs.picture_id == (picture + pictures) % vp8.pictures
    if tl0 is not None:
        assert theirs.tl0picidx == (tl0 + layers) % 256
    assert (theirs.tid, theirs.keyidx) == ((1, 0), 3)


@pytest.mark.parametrize("module", each("vp8"))
def test_keyframe_begins_in_the_first_packet_alone(module: ModuleType) -> None:
    def is_keyframe(payload: bytes) -> bool:
        return bool(module.parse_vp8(payload).is_keyframe)

    assert is_keyframe(describe(7, 1) + KEYFRAME)
    assert is_keyframe(b"\x10" + KEYFRAME)
    assert not is_keyframe(describe(7, 1) + OTHER)
    assert not is_keyframe(describe(7, 1, start=0) + KEYFRAME)
    assert not is_keyframe(describe(7, 1, partition=1) + KEYFRAME)


@given(st.binary(max_size=12), st.integers(-40_000, 40_000), st.integers(-300, 300))
def test_any_bytes_are_read_or_refused_alike(payload: bytes, pictures: int, layers: int) -> None:
    read = [module.parse_vp8(payload) for module in implementations_of("vp8")]
    assert_alike([told(vp8) for vp8 in read])
    for vp8 in read:
        if vp8 is not None:
            assert vp8.renumber(payload, 0, 0)[0] == payload
    assert_alike([vp8 and vp8.renumber(payload, pictures, layers)[0] for vp8 in read])
