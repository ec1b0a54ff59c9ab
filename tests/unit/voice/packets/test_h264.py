"""Keyframes of H.264, in bytes by hand and in what x264 makes."""

from fractions import Fraction
from random import Random

import av
import pytest
from aiortc.codecs.h264 import H264Encoder

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
        (b"\x78\0\x02\x09\xf0\0\x04\x67abc\0\x02\x68a", True),
        (b"\x78\0\x02\x09\xf0\0\x04\x41abc", False),
        (b"\x78\0\0\0\0\0\0", False),
        (b"\x78\xff\xff\x41\x67", False),
        (b"\x7c\x85first part", True),
        (b"\x7c\x05second part", False),
        (b"\x7c\x81of another", False),
        (b"\x7c", False),
    ],
)
def test_keyframe_is_seen(payload: bytes, *, is_keyframe: bool) -> None:
    assert begins_keyframe(payload) is is_keyframe


SEVERAL, PART = 24, 28


@pytest.mark.parametrize(
    ("size", "options", "kind"),
    [
        ((64, 48), {}, SEVERAL),
        ((64, 48), {"x264-params": "aud=1"}, SEVERAL),
        ((640, 480), {}, PART),
        ((640, 480), {"x264-params": "aud=1"}, PART),
    ],
)
def test_keyframes_of_an_encoder_are_seen_and_no_other_pictures(
    size: tuple[int, int], options: dict[str, str], kind: int
) -> None:
    packer, kinds, keyframes = H264Encoder(), set(), []
    for encoded in encode(size, options):
        payloads, _ = packer.pack(encoded)
        kinds |= {payload[0] & 0x1F for payload in payloads}
        assert any(begins_keyframe(payload) for payload in payloads) is encoded.is_keyframe
        keyframes.append(encoded.is_keyframe)
    assert keyframes == [True, False, False, True, False, False]
    assert kind in kinds


def encode(size: tuple[int, int], options: dict[str, str]) -> list[av.Packet]:
    """Make six pictures of noise, of which each third is a keyframe."""
    width, height = size
    codec = av.CodecContext.create("libx264", "w")
    codec.width, codec.height, codec.pix_fmt = width, height, "yuv420p"
    codec.framerate, codec.time_base = Fraction(30, 1), Fraction(1, 30)
    codec.gop_size = 3
    codec.options = {"tune": "zerolatency", "preset": "ultrafast", "threads": "1", "sc_threshold": "0", **options}
    random, packets = Random(1), []
    for number in range(6):
        frame = av.VideoFrame(width, height, "yuv420p")
        for plane in frame.planes:
            plane.update(random.randbytes(plane.buffer_size))
        frame.pts = number
        packets += codec.encode(frame)
    return [*packets, *codec.encode(None)]
