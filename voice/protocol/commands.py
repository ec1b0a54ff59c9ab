"""What a client says to the voice gateway, as types, and the reading of it. Unknown fields are passed over."""

from collections.abc import Callable, Mapping
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

IDENTIFY: Final = 0
SELECT_PROTOCOL: Final = 1
HEARTBEAT: Final = 3
SPEAKING: Final = 5
RESUME: Final = 7
VIDEO: Final = 12
SESSION_UPDATE: Final = 14
MEDIA_SINK_WANTS: Final = 15
BACKEND_VERSION: Final = 16
CLIENT_FLAGS: Final = 18
CLIENT_PLATFORM: Final = 20
TRANSITION_READY: Final = 23
KEY_PACKAGE: Final = 26
COMMIT_WELCOME: Final = 28
INVALID_COMMIT_WELCOME: Final = 31

_IGNORED: Final = frozenset({SESSION_UPDATE, CLIENT_FLAGS, CLIENT_PLATFORM})
"""What clients say of themselves, which this server does not use."""
_BEST: Final = 100
_MOST_WANTS: Final = 1000
"""Streams of which one message tells."""
_Ssrc = Annotated[int, Meta(ge=0, le=0xFFFFFFFF)]
_Count = Annotated[int, Meta(ge=0, le=0x7FFFFFFF)]
_Word = Annotated[str, Meta(max_length=32)]
_Transition = Annotated[int, Meta(ge=0, le=0xFFFF)]

Id = Annotated[str, Meta(pattern=r"^[0-9]{1,20}$")]


class UnknownOpcode(Exception):
    """The client may not send this opcode."""


class Unreadable(Exception):
    """The message is not what its opcode should be."""


class Identify(Struct, frozen=True):
    """Take a seat."""

    server_id: Id
    user_id: Id
    session_id: str
    token: str
    max_dave_protocol_version: _Count = 0
    video: bool = False
    """Whether it may send video, and so is told how its stream is named."""


class Resume(Struct, frozen=True):
    """Come back to a seat over another socket."""

    server_id: Id
    session_id: str
    token: str
    seq_ack: int = -1


class UdpAddress(Struct, frozen=True):
    """Where the client takes packets, as IP discovery has told it, and how they are encrypted."""

    address: str
    port: Annotated[int, Meta(ge=0, le=65535)]
    mode: str


class CodecChoice(Struct, frozen=True):
    """A codec that the client knows, and the payload type by which it does."""

    name: str
    payload_type: int


class SelectProtocol(Struct, frozen=True):
    """Choose how media goes. `data` is read when the protocol is known."""

    protocol: str
    data: msgspec.Raw = msgspec.Raw(b"null")
    codecs: Annotated[list[CodecChoice], Meta(max_length=32)] = []


class Heartbeat(Struct, frozen=True):
    """A sign of life. `t` comes back in the answer."""

    t: int | float = 0
    seq_ack: int = -1


class Speaking(Struct, frozen=True):
    """What kind of speaking it is: 1 voice, 2 soundshare, 4 priority. Whose it is, the server knows."""

    speaking: int | bool
    delay: int = 0


class Resolution(Struct, frozen=True):
    """How large pictures are. The type `source` has no size of its own."""

    type: _Word = "source"
    width: int | float = 0
    height: int | float = 0


class VideoStream(Struct, frozen=True):
    """What a camera sends, or (`screen`) a screen that is shared."""

    type: _Word = "video"
    ssrc: _Ssrc = 0
    active: bool = True
    rid: _Word = "100"
    quality: _Count = 100
    max_bitrate: _Count | None = None
    max_framerate: _Count | None = None
    max_resolution: Resolution | None = None


class Video(Struct, frozen=True):
    """What is on now: the camera, off by an SSRC of 0, and the screen that is shared, off when no stream is one. SSRCs
    are the client's own.
    """

    video_ssrc: _Ssrc = 0
    streams: Annotated[list[VideoStream], Meta(max_length=8)] = []

    @property
    def camera(self) -> list[VideoStream]:
        """The sizes in which the camera sends, where it names them."""
        return [each for each in self.streams if each.type == "video" and each.active] if self.video_ssrc else []

    @property
    def screen(self) -> VideoStream | None:
        """The screen that is shared, None for none. It is sent in one size, the best where several are named."""
        shared = [each for each in self.streams if each.type == "screen" and each.active and each.ssrc]
        return max(shared, key=lambda each: each.quality, default=None)


class MediaSinkWants(Struct, frozen=True):
    """Which quality of others' video the client shows, from 0, nothing, to 100: by SSRC, and of any other one."""

    by_ssrc: Mapping[int, int] = {}
    others: int = _BEST


class AskVersion(Struct, frozen=True):
    """Which version the server is."""


class TransitionReady(Struct, frozen=True):
    """The client can change to what a transition brings."""

    transition_id: _Transition


class InvalidCommitWelcome(Struct, frozen=True):
    """The client could not read what it was given in a transition; it has forgotten its group."""

    transition_id: _Transition = 0


class KeyPackageOffer(Struct, frozen=True):
    """The client's key package, for its group's others."""

    data: bytes


class CommitWelcome(Struct, frozen=True):
    """What the client makes of the proposals: a commit, and a Welcome behind it if it adds somebody."""

    data: bytes


DaveCommand = TransitionReady | InvalidCommitWelcome | KeyPackageOffer | CommitWelcome


class Ignored(Struct, frozen=True):
    """Nothing that this server uses."""


Command = (
    Identify
    | Resume
    | SelectProtocol
    | Heartbeat
    | Speaking
    | Video
    | MediaSinkWants
    | AskVersion
    | DaveCommand
    | Ignored
)


class _Message(Struct, frozen=True):
    op: int
    d: msgspec.Raw = msgspec.Raw(b"null")


_decode_message: Final = msgspec.json.Decoder(_Message).decode
_decoders: Final[Mapping[int, Callable[[msgspec.Raw], Command]]] = {
    IDENTIFY: msgspec.json.Decoder(Identify).decode,
    SELECT_PROTOCOL: msgspec.json.Decoder(SelectProtocol).decode,
    HEARTBEAT: msgspec.json.Decoder(Heartbeat).decode,
    SPEAKING: msgspec.json.Decoder(Speaking).decode,
    RESUME: msgspec.json.Decoder(Resume).decode,
    VIDEO: msgspec.json.Decoder(Video).decode,
    MEDIA_SINK_WANTS: lambda data: _read_wants(_decode_object(data)),
    TRANSITION_READY: msgspec.json.Decoder(TransitionReady).decode,
    INVALID_COMMIT_WELCOME: msgspec.json.Decoder(InvalidCommitWelcome).decode,
}
_BINARY: Final[Mapping[int, Callable[[bytes], DaveCommand]]] = {
    KEY_PACKAGE: KeyPackageOffer,
    COMMIT_WELCOME: CommitWelcome,
}
_decode_object: Final[Callable[[msgspec.Raw], dict[str, msgspec.Raw]]] = msgspec.json.Decoder(
    dict[str, msgspec.Raw]
).decode
_decode_quality: Final = msgspec.json.Decoder(Annotated[int, Meta(ge=0, le=_BEST)]).decode
_decode_udp: Final = msgspec.json.Decoder(UdpAddress).decode
_decode_text: Final = msgspec.json.Decoder(str).decode


def parse_command(message: bytes) -> Command:
    """Read a message. Raises Unreadable and UnknownOpcode."""
    try:
        head = _decode_message(message)
        decode = _decoders.get(head.op)
        if decode is not None:
            return decode(head.d)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Unreadable(str(error)) from error
    if head.op == BACKEND_VERSION:
        return AskVersion()
    if head.op in _IGNORED:
        return Ignored()
    raise UnknownOpcode(f"opcode {head.op}")


def _read_wants(data: Mapping[str, msgspec.Raw]) -> MediaSinkWants:
    """Read qualities. Other names are those of other facts, as how many points a picture is shown in."""
    named = [(int(name), value) for name, value in data.items() if name.isascii() and name.isdigit() and len(name) < 11]
    others = _decode_quality(data["any"]) if "any" in data else _BEST
    return MediaSinkWants({ssrc: _decode_quality(value) for ssrc, value in named[:_MOST_WANTS]}, others)


def parse_binary(message: bytes) -> DaveCommand:
    """Read a binary message: an opcode, and what is its. Raises Unreadable and UnknownOpcode."""
    if not message:
        raise Unreadable("an empty message")
    make = _BINARY.get(message[0])
    if make is None:
        raise UnknownOpcode(f"opcode {message[0]}")
    return make(message[1:])


def parse_udp(data: msgspec.Raw) -> UdpAddress:
    """Read the data of Select Protocol for UDP. Raises Unreadable."""
    try:
        return _decode_udp(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Unreadable(str(error)) from error


def parse_description(data: msgspec.Raw) -> str:
    """Read the data of Select Protocol for WebRTC, which is a text. Raises Unreadable."""
    try:
        return _decode_text(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Unreadable(str(error)) from error
