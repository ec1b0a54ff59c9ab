"""Frames of sound that tell when they were sent: Opus packets of 20 ms whose padding is a stamp.

```
 TOC 0xFB │ 0x41          │ padding's size │ FF FE   │ machine │ sent, ns │ zeros …
 (code 3) │ padded, CBR, 1│                │ silence │ 8 bytes │ 8 bytes  │
          └─ frame count ─┘                └─ frame ─┘└──────── padding ────────┘
```

A node passes frames on as they are, and a decoder leaves padding aside (RFC 6716 section 3.2.5), so real clients in the
room hear silence.
"""

import struct
from typing import Final, NamedTuple

_HEAD: Final = bytes((0xFB, 0x41))
"""Fullband, 20 ms, mono, any number of frames; one frame, of constant rate, with padding."""
_SILENCE: Final = b"\xff\xfe"
_STAMP: Final = struct.Struct(">8sQ")
FRAME_BYTES: Final = 160
"""20 ms of 64 kbit/s, the rate of a voice channel as it is made."""
_PADDING_BYTES: Final = FRAME_BYTES - len(_HEAD) - 1 - len(_SILENCE)
_BEGINNING: Final = _HEAD + bytes((_PADDING_BYTES,)) + _SILENCE


class FrameStamp(NamedTuple):
    """Where and when a frame was sent."""

    machine: bytes
    sent_ns: int


def encode_machine(machine: str) -> bytes:
    """Write `read_machine`'s word as it stands in frames."""
    return machine.encode()[:8].ljust(8, b"\0")


def make_frame(machine: bytes, sent_ns: int) -> bytes:
    """Make a frame. `machine` is what `encode_machine` gives, `sent_ns` the machine's monotonic clock."""
    return (_BEGINNING + _STAMP.pack(machine, sent_ns)).ljust(FRAME_BYTES, b"\0")


def read_frame(frame: bytes) -> FrameStamp | None:
    """Return the stamp of a frame; None of sound that is not a load test's."""
    if len(frame) != FRAME_BYTES or not frame.startswith(_BEGINNING):
        return None
    return FrameStamp(*_STAMP.unpack_from(frame, len(_BEGINNING)))
