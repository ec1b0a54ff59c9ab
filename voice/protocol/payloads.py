"""What the voice gateway says: an opcode, its data, and the number by which a client acknowledges it. JSON, as a rule.

Hello, Heartbeat ACK, Resumed and Backend Version belong to one socket and have no number. All others belong to the
session, and are sent again when it resumes without them.
"""

import struct
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

import msgspec

from voice.protocol.commands import VideoStream

READY: Final = 2
SESSION_DESCRIPTION: Final = 4
SPEAKING: Final = 5
HEARTBEAT_ACK: Final = 6
HELLO: Final = 8
RESUMED: Final = 9
CLIENTS_CONNECT: Final = 11
VIDEO: Final = 12
CLIENT_DISCONNECT: Final = 13
BACKEND_VERSION: Final = 16

VERSION: Final = 8
"""The version of the voice gateway."""

_encode: Final = msgspec.json.Encoder().encode
_BINARY: Final = struct.Struct(">HB")
BINARY_NUMBERS: Final = 1 << 16
"""How many numbers there are in binary messages. Then they begin anew, while those in JSON go on."""


class Payload(msgspec.Struct, frozen=True):
    """An opcode and its data."""

    is_binary: ClassVar[bool] = False

    op: int
    d: Any

    def encode(self, seq: int | None = None) -> bytes:
        """Write it, with its number if it has one."""
        return _encode({"op": self.op, "d": self.d} if seq is None else {"op": self.op, "d": self.d, "seq": seq})


class BinaryPayload(msgspec.Struct, frozen=True):
    """An opcode and bytes, in a binary message."""

    is_binary: ClassVar[bool] = True

    op: int
    data: bytes

    def encode(self, seq: int) -> bytes:
        """Write it, with its number."""
        return _BINARY.pack(seq % BINARY_NUMBERS, self.op) + self.data


def hello(heartbeat_interval_ms: int) -> Payload:
    """Greet a socket."""
    return Payload(HELLO, {"v": VERSION, "heartbeat_interval": heartbeat_interval_ms})


def heartbeat_ack(t: float) -> Payload:
    """Answer a heartbeat."""
    return Payload(HEARTBEAT_ACK, {"t": t})


def resumed() -> Payload:
    """Say that what was missed follows."""
    return Payload(RESUMED, None)


def backend_version(version: str) -> Payload:
    """Say which version the server is."""
    return Payload(BACKEND_VERSION, {"voice": version, "rtc_worker": version})


def ready(*, ssrc: int, ip: str, port: int, modes: Sequence[str], streams: Sequence[Mapping[str, Any]]) -> Payload:
    """Give a client its SSRCs, and say where media goes."""
    data = {"ssrc": ssrc, "ip": ip, "port": port, "modes": list(modes), "experiments": [], "streams": streams}
    return Payload(READY, data)


def camera(*, ssrc: int, rtx_ssrc: int | None, stream: VideoStream, is_active: bool) -> dict[str, Any]:
    """Describe the stream of a camera or of a screen by the SSRCs that the node has for it."""
    about = {
        "type": stream.type,
        "ssrc": ssrc,
        "rtx_ssrc": rtx_ssrc,
        "rid": stream.rid,
        "quality": stream.quality,
        "active": is_active,
        "max_bitrate": stream.max_bitrate,
        "max_framerate": stream.max_framerate,
        "max_resolution": stream.max_resolution,
    }
    return {name: value for name, value in about.items() if value is not None}


def video(*, user_id: int, audio_ssrc: int, video_ssrc: int, streams: Sequence[Mapping[str, Any]]) -> Payload:
    """Say which packets are those of a user's camera, with an SSRC of 0 when it is off, and of its screen."""
    data = {"user_id": str(user_id), "audio_ssrc": audio_ssrc, "video_ssrc": video_ssrc, "streams": streams}
    return Payload(VIDEO, data)


def session_description(*, mode: str, key: bytes, media_session_id: str, dave_version: int) -> Payload:
    """Give a client its key, and say whether the room is encrypted from end to end."""
    data = {
        "mode": mode,
        "secret_key": list(key),
        "audio_codec": "opus",
        "media_session_id": media_session_id,
        "dave_protocol_version": dave_version,
    }
    return Payload(SESSION_DESCRIPTION, data)


def webrtc_description(*, sdp: str, video_codec: str | None, media_session_id: str) -> Payload:
    """Answer a browser's description."""
    data = {
        "sdp": sdp,
        "audio_codec": "opus",
        "video_codec": video_codec,
        "media_session_id": media_session_id,
        "dave_protocol_version": 0,
    }
    return Payload(SESSION_DESCRIPTION, data)


def speaking(*, user_id: int, ssrc: int, flags: int) -> Payload:
    """Say that a user speaks, or has stopped, and which packets are its."""
    return Payload(SPEAKING, {"user_id": str(user_id), "ssrc": ssrc, "speaking": flags})


def clients_connect(user_ids: Sequence[int]) -> Payload:
    """Say who is in the room."""
    return Payload(CLIENTS_CONNECT, {"user_ids": [str(user_id) for user_id in user_ids]})


def client_disconnect(user_id: int) -> Payload:
    """Say who has left the room."""
    return Payload(CLIENT_DISCONNECT, {"user_id": str(user_id)})
