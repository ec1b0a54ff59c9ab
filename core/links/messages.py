"""The messages on a wire, as bytes: a byte for the kind, then the body.

| kind | body |
|---|---|
| 1 hello, 2 welcome, 3 proof | msgpack, arrays of the fields below (`core.links.handshake`) |
| 4 batch | first number, acknowledged number (8 bytes each), count (4), the length of each frame (4 each), the frames |
| 5 status | acknowledged number, last number sent (8 bytes each) |

Numbers are little-endian. The frames of one turn are one batch, so a frame costs four bytes and no header of its own.
"""

import struct
from collections.abc import Sequence
from typing import Final

import msgspec

VERSION: Final = 1
"""The version of these messages. Workers of different versions do not talk, and say so in their logs."""

BATCH: Final = 4
STATUS: Final = 5

_HELLO: Final = 1
_WELCOME: Final = 2
_PROOF: Final = 3
_BATCH_HEAD: Final = struct.Struct("<BQQI")
_STATUS: Final = struct.Struct("<BQQ")
_LENGTH_BYTES: Final = 4


class Malformed(Exception):
    """A message is not what its kind should be."""


class Standing(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What one side remembers of its conversation with the other."""

    conversation: bytes
    """The name of the conversation, empty when there is none that could go on."""
    received: int
    """The number of the last frame that has arrived."""


class Hello(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The first message, of the side that has dialled."""

    version: int
    cluster: str
    dialler: str
    answerer: str
    nonce: bytes


class Welcome(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The answer to a hello."""

    nonce: bytes
    standing: Standing
    proof: bytes


class Proof(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The answer to a welcome, right before the first batch."""

    standing: Standing
    proof: bytes


class Batch(msgspec.Struct, frozen=True):
    """Frames with consecutive numbers."""

    first: int
    acknowledged: int
    frames: list[bytes]


class Status(msgspec.Struct, frozen=True):
    """How far a side is. Sent as an acknowledgement, and so that the other side hears something."""

    acknowledged: int
    sent: int


Greeting = Hello | Welcome | Proof
"""A message of a handshake."""

_encode = msgspec.msgpack.Encoder().encode
_decode_hello = msgspec.msgpack.Decoder(Hello).decode
_decode_welcome = msgspec.msgpack.Decoder(Welcome).decode
_decode_proof = msgspec.msgpack.Decoder(Proof).decode


def encode_greeting(message: Greeting) -> bytes:
    """Encode a message of a handshake."""
    match message:
        case Hello():
            kind = _HELLO
        case Welcome():
            kind = _WELCOME
        case Proof():
            kind = _PROOF
    return bytes((kind,)) + _encode(message)


def parse_greeting(message: bytes) -> Greeting:
    """Parse a message of a handshake. Raises Malformed."""
    kind, body = message[:1], memoryview(message)[1:]
    try:
        match kind:
            case b"\x01":
                return _decode_hello(body)
            case b"\x02":
                return _decode_welcome(body)
            case b"\x03":
                return _decode_proof(body)
    except msgspec.DecodeError as error:
        raise Malformed(str(error)) from error
    raise Malformed("not a message of a handshake")


def encode_batch(first: int, acknowledged: int, frames: Sequence[bytes]) -> bytes:
    """Encode frames that follow each other, the first of them with this number."""
    count = len(frames)
    head = _BATCH_HEAD.pack(BATCH, first, acknowledged, count)
    return b"".join((head, struct.pack(f"<{count}I", *map(len, frames)), *frames))


def parse_batch(message: bytes) -> Batch:
    """Parse a message of kind BATCH. Raises Malformed."""
    try:
        _, first, acknowledged, count = _BATCH_HEAD.unpack_from(message)
        if count * _LENGTH_BYTES > len(message):
            raise Malformed("more frames than bytes")
        lengths = struct.unpack_from(f"<{count}I", message, _BATCH_HEAD.size)
    except struct.error as error:
        raise Malformed(str(error)) from error
    begin = _BATCH_HEAD.size + count * _LENGTH_BYTES
    frames = []
    for length in lengths:
        end = begin + length
        frames.append(message[begin:end])
        begin = end
    if begin != len(message):
        raise Malformed("frames do not fill their message")
    return Batch(first, acknowledged, frames)


def encode_status(acknowledged: int, sent: int) -> bytes:
    """Encode how far this side is."""
    return _STATUS.pack(STATUS, acknowledged, sent)


def parse_status(message: bytes) -> Status:
    """Parse a message of kind STATUS. Raises Malformed."""
    try:
        _, acknowledged, sent = _STATUS.unpack(message)
    except struct.error as error:
        raise Malformed(str(error)) from error
    return Status(acknowledged, sent)
