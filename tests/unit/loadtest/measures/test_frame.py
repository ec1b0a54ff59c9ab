"""Frames are Opus that a decoder takes, and tell when they were sent."""

import av
import pytest

from loadtest.measures.frame import FRAME_BYTES, FrameStamp, encode_machine, make_frame, read_frame

MACHINE = encode_machine("1f2e3d4c")
SENT_NS = 1 << 60


@pytest.mark.parametrize("machine", ["1f2e3d4c", "here"])
def test_read_frame_gives_what_was_stamped(machine: str) -> None:
    encoded = encode_machine(machine)
    assert read_frame(make_frame(encoded, SENT_NS)) == FrameStamp(encoded, SENT_NS)


@pytest.mark.parametrize("frame", [b"", b"\xf8\xff\xfe", bytes(FRAME_BYTES), make_frame(MACHINE, SENT_NS)[:-1]])
def test_read_frame_other_sound_has_no_stamp(frame: bytes) -> None:
    assert read_frame(frame) is None


def test_make_frame_is_20_ms_of_opus_in_which_nothing_is_heard() -> None:
    decoder = av.CodecContext.create("libopus", "r")
    decoder.open()
    [heard] = decoder.decode(av.Packet(make_frame(MACHINE, SENT_NS)))
    assert isinstance(heard, av.AudioFrame)
    assert (heard.sample_rate, heard.samples, heard.format.name) == (48_000, 960, "s16")
    samples = memoryview(bytes(heard.planes[0])).cast("h")
    assert max(map(abs, samples)) <= 1
