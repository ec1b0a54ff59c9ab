# cython: nonecheck=True
"""What one browser sends, on its way to the others. Every packet of media goes through here.

```
 SRTP ─→ may it send this? ─→ one stream too many? ─→ authentic? ─→ one packet too many? ─┬─ voice: a `Microphone`
                                                                                          └─ video: a `Lens`
 Microphone ─→ RTP? ─→ how loud? has it a seat? ───────────┬─→ numbered ─→ a packet, as it goes to the others
 Lens ───────→ RTP? ─→ of which track? is anything in it? ─┘
```

A packet that is kept back leaves no gap in its stream's numbers. Pure, no clock.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from core_ext.media import passing_py as passing
from core_ext.media import ring_py as ring
from core_ext.media import rtp_py as rtp
from core_ext.media import speakers_py as speakers
from core_ext.media import streams_py as streams
from core_ext.media import vp8_py as vp8
from core_ext.media.kept_back import KeptBack

_MOST_SOURCES: Final = 128
"""SSRCs of one browser: libsrtp remembers each for as long as the keys live, in a list that it walks. Each new track
has one, so whoever shares a screen a hundred times connects anew."""
_MOST_BYTES: Final = 1400
"""The longest content of a packet."""
_NO_KEYS: Final = KeptBack.NO_KEYS
_MUTED: Final = KeptBack.MUTED
_STRANGER: Final = KeptBack.STRANGER
_FORGED: Final = KeptBack.FORGED
_UNKNOWN: Final = KeptBack.UNKNOWN
_REPEATED: Final = KeptBack.REPEATED
_QUIET: Final = KeptBack.QUIET
_EMPTY: Final = KeptBack.EMPTY
_FLOOD: Final = KeptBack.FLOOD


class Sender:
    """Opens one browser's packets. `opening` and `taken_left` are its owner's."""

    __slots__ = ("_receiver", "_sources", "opening", "taken_left")

    def __init__(self, receiver: Any, taken_left: int) -> None:
        """`receiver` has the address that the browser is known to be at, and follows an authentic packet."""
        self._receiver = receiver
        self._sources: set[bytes] = set()
        self.opening: Any = None
        """An `SrtpOpening`, None before the handshake and when it has ended."""
        self.taken_left = taken_left
        """What it may still send."""

    def open(self, datagram: bytes, address: Any, is_allowed: bool) -> Any:  # noqa: FBT001 - see `make_picture`
        """Return a packet decrypted, or why it is kept back. Nothing of a browser is decrypted that may not send this
        and is where it is known to be.
        """
        if self.opening is None:
            return _NO_KEYS
        receiver, source = self._receiver, datagram[8:12]
        is_known = receiver.address == address
        if not is_allowed and is_known:
            return _MUTED
        if not self.may_have(source):
            return _STRANGER
        plain = self.opening.open(datagram)
        if plain is None:
            return _FORGED
        if not is_known:
            receiver.address = address
        if not self.take(source):
            return _FLOOD
        return plain if is_allowed else _MUTED

    def may_have(self, source: bytes) -> bool:
        """Return whether a packet with this SSRC, in four bytes, may be read."""
        return source in self._sources or len(self._sources) < _MOST_SOURCES

    def take(self, source: bytes) -> bool:
        """Count an authentic packet, and its SSRC as the browser's own: what strangers send takes no place. Return
        whether the packet is taken, as there is a bound on how many are.
        """
        self._sources.add(source)
        self.taken_left -= 1
        return self.taken_left >= 0


class Microphone:
    """The voice. `may_speak` and `seats` are its owner's."""

    __slots__ = ("_codec", "_level_number", "_sender", "_ssrc", "activity", "heard", "may_speak", "seats", "stream")

    def __init__(self, sender: Sender, *, codec: Any, ssrc: int, level_number: int, stream: streams.Stream) -> None:
        """`codec` and `ssrc` are what the others get it as. `level_number` is the number of the extension that tells
        how loud it is, 0 for none. `stream` numbers its packets.
        """
        self._sender = sender
        self._codec = codec
        self._ssrc = ssrc
        self._level_number = level_number
        self.stream = stream
        self.activity = speakers.Activity()
        self.heard = ring.Ring(ring.VOICE_PACKETS)
        self.may_speak = False
        self.seats: speakers.ActiveSpeakers | None = None
        """Those of its room, None outside of one."""

    def open(self, datagram: bytes, address: Any, now_s: float) -> Any:
        """Return a packet as it goes to the others, or why it is kept back."""
        plain = self._sender.open(datagram, address, self.may_speak)
        if isinstance(plain, bytes):
            return self._read(plain, now_s)
        if plain is _MUTED or plain is _FLOOD:
            self.stream.break_off()
        return plain

    def _read(self, plain: bytes, now_s: float) -> Any:
        packet = rtp.parse_rtp(plain)
        if packet is None or len(packet.payload) > _MOST_BYTES:
            return _UNKNOWN
        size, level = len(packet.payload), None
        if self._level_number:
            content = rtp.find_extension(packet, self._level_number)
            level = content[0] if content else None
        loudness = speakers.measure_loudness(level, size)
        if self.seats is not None and not self.seats.note(self.activity, loudness, now_s):
            self.stream.keep_back(size)
            return _QUIET
        taken = self.stream.pass_on(packet.ssrc, packet.sequence, packet.timestamp, size, now_s)
        if taken is None:
            return _REPEATED
        number, timestamp = taken
        return passing.make_passing(
            self._codec, packet.marker, number, timestamp, self._ssrc, packet.payload, level, None
        )

    def keep(self, passed: passing.Passing) -> bool:
        """Keep a packet, which may be sent again; return whether one before it is missing now."""
        return self.heard.add(passed)


class Track:
    """One stream of video: a layer of a camera, or a screen."""

    __slots__ = ("layer", "ring", "ssrc", "stream")

    def __init__(self, ssrc: int, layer: int, stream: streams.Stream, kept: ring.Ring) -> None:
        """`ssrc` is what the others know the camera or the screen by, `layer` the place among its layers."""
        self.ssrc = ssrc
        self.layer = layer
        self.stream = stream
        self.ring = kept


class Lens:
    """Its video. `is_on` is its owner's."""

    __slots__ = ("_break_off", "_codecs", "_find_track", "_last", "_sender", "_tracks", "is_on")

    def __init__(
        self,
        sender: Sender,
        *,
        codecs: Mapping[int, tuple[Any, Callable[[bytes], bool] | None]],
        find_track: Callable[[rtp.RtpPacket], Track | None],
        break_off: Callable[[], None],
    ) -> None:
        """`codecs` are those of its payload types, each with what says of a payload whether a keyframe begins with it:
        None for VP8, which is read here. `find_track` says of a packet of which track it is, None if of none.
        `break_off` notes for all of them that a packet was kept back on purpose.
        """
        self._break_off = break_off
        self._sender = sender
        self._codecs = dict(codecs)
        self._find_track = find_track
        self._tracks: dict[int, Track] = {}
        """By the browser's SSRCs."""
        self._last: Track | None = None
        """That of the packet that was opened last."""
        self.is_on = False
        """Whether its packets are passed on."""

    def forget_tracks(self) -> None:
        """Ask anew of which track each packet is."""
        self._tracks.clear()

    def open(self, datagram: bytes, address: Any, now_s: float) -> Any:
        """Return a packet as it goes to the others, or why it is kept back."""
        plain = self._sender.open(datagram, address, self.is_on)
        if isinstance(plain, bytes):
            return self._read(plain, now_s)
        if plain is _MUTED or plain is _FLOOD:
            self._break_off()
        return plain

    def _read(self, plain: bytes, now_s: float) -> Any:
        packet = rtp.parse_rtp(plain)
        if packet is None or len(packet.payload) > _MOST_BYTES:
            return _UNKNOWN
        track = self._tracks.get(packet.ssrc)
        if track is None:
            track = self._learn_track(packet)
        if track is None:
            return _UNKNOWN
        payload, size = packet.payload, len(packet.payload)
        if not size and track.stream.leave_out(packet.ssrc, packet.sequence):
            return _EMPTY
        taken = track.stream.pass_on(packet.ssrc, packet.sequence, packet.timestamp, size, now_s)
        if taken is None:
            return _REPEATED
        number, timestamp = taken
        self._last = track
        codec, begins_keyframe = self._codecs[packet.payload_type]
        says = None if begins_keyframe is not None else vp8.parse_vp8(payload)
        is_keyframe = says.is_keyframe if says is not None else begins_keyframe is not None and begins_keyframe(payload)
        picture = passing.make_picture(track.layer, now_s, is_keyframe, says)
        return passing.make_passing(codec, packet.marker, number, timestamp, track.ssrc, payload, None, picture)

    def _learn_track(self, packet: rtp.RtpPacket) -> Track | None:
        """Ask of which track a packet is. Who sends a track under another SSRC no longer sends it under the first."""
        track = self._find_track(packet)
        if track is not None:
            self._tracks = {ssrc: each for ssrc, each in self._tracks.items() if each.stream is not track.stream}
            self._tracks[packet.ssrc] = track
        return track

    def keep(self, passed: passing.Passing) -> bool:
        """Keep the packet that was opened last, which may be sent again; return whether one before it is missing."""
        return self._last is not None and self._last.ring.add(passed)
