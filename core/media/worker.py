"""The process that works on pictures, one after the other: a job a line on its input, an outcome a line on its output.

It ends when its input does, so it never outlives the server. Its memory is bounded: a picture that takes more fails,
and nothing else does.
"""

import contextlib
import resource
import sys
from typing import Final

import msgspec

from core.media.pictures import Job, do

_BYTES_PER_PIXEL: Final = 16
"""Two copies of a picture with four channels, and what decoders and encoders take beside them."""
_BASE_BYTES: Final = 1 << 30
"""The interpreter with its libraries, whose address space is mostly empty."""

_decode: Final = msgspec.json.Decoder(Job).decode
_encode: Final = msgspec.json.Encoder().encode


def main() -> None:
    """Do jobs until the input ends."""
    max_pixels = int(sys.argv[1])
    bound = _BASE_BYTES + max_pixels * _BYTES_PER_PIXEL
    with contextlib.suppress(ValueError, OSError):  # not every system has this bound
        resource.setrlimit(resource.RLIMIT_AS, (bound, bound))
    out = sys.stdout.buffer
    for line in sys.stdin.buffer:
        out.write(_encode(do(_decode(line))) + b"\n")
        out.flush()


if __name__ == "__main__":
    main()
