# cython: nonecheck=True
"""What one browser sends, and its voice on the way to the others. Every packet goes through here.

```
 SRTP ─→ may it send this? ─→ one stream too many? ─→ authentic? ─→ one packet too many? ─┬─ video: its owner reads it
                                                                                          └─ voice, by a `Microphone`
 Microphone ─→ RTP? ─→ how loud? has it a seat? ─→ numbered ─→ a packet, as it goes to the others
```

A packet that is kept back leaves no gap in its stream's numbers. Pure, no clock.
"""

from typing import Any, Final

from core_ext.media import passing_py as passing
from core_ext.media import ring_py as ring
from core_ext.media import rtp_py as rtp
from core_ext.media import speakers_py as speakers
from core_ext.media import streams_py as streams
from core_ext.media.kept_back import KeptBack

_MOST_SOURCES: Final = 128
"""SSRCs of one browser: libsrtp remembers each for as long as the keys live, in a list that it walks. Each new track
has one, so whoever shares a screen a hundred times connects anew."""
MOST_BYTES: Final = 1400
"""The longest content of a packet."""
_MOST_BYTES: Final = MOST_BYTES
_NO_KEYS: Final = KeptBack.NO_KEYS
_MUTED: Final = KeptBack.MUTED
_STRANGER: Final = KeptBack.STRANGER
_FORGED: Final = KeptBack.FORGED
_UNKNOWN: Final = KeptBack.UNKNOWN
_REPEATED: Final = KeptBack.REPEATED
_QUIET: Final = KeptBack.QUIET
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

    def open(self, datagram: bytes, address: Any, is_allowed: bool) -> Any:  # noqa: FBT001 - see `make_voice`
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
        if plain is _MUTED or plain is _FLOOD:
            self.stream.break_off()
        return self._read(plain, now_s) if isinstance(plain, bytes) else plain

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
        return passing.make_voice(self._codec, packet.marker, number, timestamp, self._ssrc, packet.payload, level)

    def keep(self, passed: passing.Passing) -> bool:
        """Keep a packet, which may be sent again; return whether one before it is missing now."""
        return self.heard.add(passed)
