"""What a voice gateway says and hears (version 8), and IP discovery: the parts of them that a load test needs."""

import struct
from typing import Any, Final

import msgspec

IDENTIFY, SELECT_PROTOCOL, READY, HEARTBEAT, SESSION_DESCRIPTION = 0, 1, 2, 3, 4
SPEAKING, HEARTBEAT_ACK, HELLO = 5, 6, 8

_DISCOVERY: Final = struct.Struct(">HHI64sH")
_ASKS, _ANSWERS = 1, 2
_LENGTH: Final = 70
"""The bytes behind the type and the length."""


class VoiceServer(msgspec.Struct, frozen=True):
    """Where a session is to connect, as VOICE_SERVER_UPDATE says. Without an endpoint another one follows."""

    token: str
    guild_id: str
    endpoint: str | None = None


class VoiceMessage(msgspec.Struct, frozen=True):
    """A message of a voice gateway. Those of a session have a number."""

    op: int
    d: msgspec.Raw = msgspec.Raw(b"null")
    seq: int | None = None


class VoiceHello(msgspec.Struct, frozen=True):
    """The body of HELLO."""

    heartbeat_interval: float


class VoiceReady(msgspec.Struct, frozen=True):
    """The body of READY: the client's SSRC, and where its media goes."""

    ssrc: int
    ip: str
    port: int
    modes: list[str]


class SessionDescription(msgspec.Struct, frozen=True):
    """The body of SESSION_DESCRIPTION."""

    mode: str
    secret_key: list[int]


read_message: Final = msgspec.json.Decoder(VoiceMessage).decode


def encode_message(op: int, d: Any) -> bytes:
    """Encode a message."""
    return msgspec.json.encode({"op": op, "d": d})


def encode_discovery(ssrc: int) -> bytes:
    """Write the datagram that asks for one's own address."""
    return _DISCOVERY.pack(_ASKS, _LENGTH, ssrc, b"", 0)


def read_discovery(datagram: bytes, ssrc: int) -> tuple[str, int] | None:
    """Return one's own address and port of an answer; None when the datagram is none."""
    if len(datagram) != _DISCOVERY.size:
        return None
    kind, length, whose, address, port = _DISCOVERY.unpack(datagram)
    if (kind, length, whose) != (_ANSWERS, _LENGTH, ssrc):
        return None
    return address.rstrip(b"\0").decode("ascii", "replace"), port
