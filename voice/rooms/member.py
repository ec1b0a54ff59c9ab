"""A member: one client that has shown its token, from then until its seat ends. It outlives its sockets."""

from typing import Protocol

from core.voice.seats import Rights, Seat
from core.wire.close_codes import CloseCode
from core_ext.media import Stream
from voice.media.passing import Codec
from voice.media.peer import Peer
from voice.media.source import MOST_LAYERS, Wants
from voice.media.udp_peer import UdpPeer
from voice.protocol.commands import Video
from voice.protocol.payloads import BinaryPayload, Payload
from voice.protocol.replay import Replay

PRIORITY: int = 4
_EVERY_FLAG: int = 7


class ClientLink(Protocol):
    """A client's socket."""

    @property
    def client_ip(self) -> str:
        """The IP address that the socket comes from: TCP has proven it."""

    def send(self, message: bytes, *, is_binary: bool = False) -> None:
        """Send a message; nothing happens when the socket is closed."""

    def ping(self) -> None:
        """Ask the client's side of the socket for an answer; nothing happens when the socket is closed."""

    def close(self, code: CloseCode) -> None:
        """Close the socket. Safe to call twice."""


class Timer(Protocol):
    """What `call_later` returns."""

    def cancel(self) -> None:
        """Do not call."""


class Member:
    """The directory alone changes it."""

    __slots__ = (
        "_received", "began_ms", "camera", "dave_version", "epoch", "flags", "gateway", "has_spoken", "link", "peer",
        "replay", "screen", "seat", "shown", "ssrc", "timer", "token", "video", "voice", "wants",
    )  # fmt: skip

    def __init__(self, *, gateway: str, seat: Seat, epoch: int, ssrc: int, token: bytes, link: ClientLink) -> None:
        self.gateway = gateway
        """The gateway that has admitted it."""
        self.seat = seat
        self.epoch = epoch
        self.ssrc = ssrc
        self.token = token
        """A hash of the token, by which it may resume."""
        self.link: ClientLink | None = link
        self.began_ms = 0
        """When its media has begun, in Unix milliseconds; 0 before."""
        self._received = 0
        """The bytes that its earlier peers were sent."""
        self.peer: Peer | None = None
        """Its media, once the keys are made."""
        self.voice = Stream(Codec.OPUS.clock_rate)
        """The numbers of its packets."""
        self.video = [Stream(Codec.VP8.clock_rate) for _ in range(MOST_LAYERS)]
        """Those of each layer of its camera, the smallest first."""
        self.screen = Stream(Codec.VP8.clock_rate)
        """Those of the screen that it shares."""
        self.camera: Video | None = None
        """What it has said of its camera and its screen, None while both are off."""
        self.shown: Video | None = None
        """What the room was told last of these."""
        self.wants = Wants()
        """What it has said that it shows of others' video."""
        self.dave_version = 0
        """The latest version of DAVE that it speaks; 0 for none."""
        self.replay = Replay()
        self.flags = 0
        self.has_spoken = False
        """Whether it has ever said what kind of speaking it does; others know its SSRC from then on."""
        self.timer: Timer | None = None
        """Ends the seat of a client whose socket is gone."""

    def count_received(self) -> int:
        """Return the bytes of others' packets that its client was sent."""
        return self._received + (0 if self.peer is None else self.peer.receiver.bytes_sent)

    def note_rtt(self, seconds: float) -> None:
        """Count a time to the client and back over its socket, where its media tell none: browsers report theirs."""
        if isinstance(self.peer, UdpPeer):
            self.voice.quality.note_rtt(seconds)

    def change_peer(self, peer: Peer | None) -> None:
        """Have other media from now on."""
        self._received = self.count_received()
        self.peer = peer

    @property
    def user_id(self) -> int:
        """Whose client it is."""
        return self.seat.user_id

    @property
    def video_ssrc(self) -> int:
        """The SSRC under which others get its camera: SSRCs are given out four at a time."""
        return self.ssrc + 1

    @property
    def rtx_ssrc(self) -> int:
        """The SSRC that is kept for packets of its camera which are sent again. They have the camera's own, so far."""
        return self.ssrc + 2

    @property
    def screen_ssrc(self) -> int:
        """The SSRC under which others get the screen that it shares."""
        return self.ssrc + 3

    def send(self, payload: Payload | BinaryPayload) -> None:
        """Send a message, now or when the client resumes."""
        message = self.replay.add(payload)
        if self.link is not None:
            self.link.send(message, is_binary=payload.is_binary)


def mask_flags(flags: int, rights: Rights) -> int:
    """Return what others are told of a user's speaking, given its rights."""
    if not rights.speak:
        return 0
    flags &= _EVERY_FLAG
    return flags if rights.priority else flags & ~PRIORITY
