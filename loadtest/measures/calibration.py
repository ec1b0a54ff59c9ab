"""The generator's own limit, measured before a run: how many deliveries a second one core can take in.

A listener's whole way is run with messages that were made before: frames, the unpacking, the decoding, the stamp, the
statistics. Only the socket is left out. The figure bounds what the generator can hear, so a run whose listeners hear
nearly as much is a run of the generator.
"""

import time
import zlib
from collections.abc import Callable
from typing import Any, Final

import zstandard

from loadtest.measures.stamp import make_stamp
from loadtest.wire.compression import UNPACKERS
from loadtest.wire.encodings import ENCODINGS
from loadtest.wire.frames import BINARY, TEXT, FrameReader

_MESSAGES: Final = 200
_LEAST_S: Final = 0.2
"""The time of a measurement, long beside a switch of processes."""
_SOCKET_US: Final = 12.0
"""What is added for the socket: a turn of the loop, a switch of greenlets and a system call. A frame that is read
together with others costs less.
"""


def measure_limit(encoding: str, compression: str, hear: Callable[[Any, Any], None]) -> float:
    """Return deliveries a second that one core takes. `hear` takes an encoding and a payload, as a listener does."""
    frames = _make_frames(encoding, compression)
    coded = ENCODINGS[encoding]()
    count, began = 0, time.process_time()
    while (took_s := time.process_time() - began) < _LEAST_S:
        reader, unpacker = FrameReader(), UNPACKERS[compression]()
        for frame in frames:
            for message in reader.feed(frame):
                hear(coded, coded.read(unpacker.unpack(message.payload)))
                count += 1
    return 1e6 / (took_s * 1e6 / count + _SOCKET_US)


def _make_frames(encoding: str, compression: str) -> list[bytes]:
    coded = ENCODINGS[encoding]()
    pack = _make_packer(compression)
    opcode = TEXT if encoding == "json" and not compression else BINARY
    payloads = [coded.encode({"op": 0, "s": number, "t": "MESSAGE_CREATE", "d": _message(number)})
                for number in range(_MESSAGES)]  # fmt: skip
    return [_frame(opcode, pack(payload)) for payload in payloads]


def _message(number: int) -> dict[str, Any]:
    """A message as a guild's member gets it."""
    author = {"id": "1234567890123456789", "username": "person", "global_name": None, "avatar": None,
              "discriminator": "0", "public_flags": 0}  # fmt: skip
    return {
        "id": str(1234567890123456789 + number), "channel_id": "1234567890123456789", "guild_id": "1234567890123456789",
        "type": 0, "content": f"The quick brown fox {make_stamp('none', 'nobody', number).encode()}", "author": author,
        "member": {"roles": [], "joined_at": "2024-01-01T00:00:00+00:00", "flags": 0, "mute": False, "deaf": False},
        "timestamp": "2024-01-01T00:00:00+00:00", "edited_timestamp": None, "tts": False, "mention_everyone": False,
        "mentions": [], "mention_roles": [], "attachments": [], "embeds": [], "pinned": False, "flags": 0,
    }  # fmt: skip


def _make_packer(compression: str) -> Callable[[bytes], bytes]:
    match compression:
        case "zlib-stream":
            deflating = zlib.compressobj()
            return lambda payload: deflating.compress(payload) + deflating.flush(zlib.Z_SYNC_FLUSH)
        case "zstd-stream":
            packing = zstandard.ZstdCompressor().compressobj()
            return lambda payload: packing.compress(payload) + packing.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)
        case _:
            return lambda payload: payload


def _frame(opcode: int, payload: bytes) -> bytes:
    """A frame as a server sends it, without a mask."""
    size = len(payload)
    head = bytes((0x80 | opcode, size)) if size < 126 else bytes((0x80 | opcode, 126)) + size.to_bytes(2, "big")
    return head + payload
