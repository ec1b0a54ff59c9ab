"""Keyframes of H.264."""

import pytest

from voice.packets.h264 import begins_keyframe


@pytest.mark.parametrize(
    ("payload", "is_keyframe"),
    [
        (b"", False),
        (b"\x65picture", True),
        (b"\x67parameters", True),
        (b"\x68", False),
        (b"\x41another", False),
        (b"\x78\0\x04\x67abc\0\x02\x68a", True),
        (b"\x78\0\x04\x41abc", False),
        (b"\x78\0", False),
        (b"\x7c\x85first part", True),
        (b"\x7c\x05second part", False),
        (b"\x7c\x81of another", False),
        (b"\x7c", False),
    ],
)
def test_keyframe_is_seen(payload: bytes, *, is_keyframe: bool) -> None:
    assert begins_keyframe(payload) is is_keyframe
