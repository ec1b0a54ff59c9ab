"""What browsers and the node tell each other of streams (RTCP, RFC 3550 and 4585).

```
 who gets it    ── misses a packet ──→ from the sender's ring
 who gets video ── wants a keyframe ─→ once in a while ─→ who sends it
 node           ── misses a packet ──────────────────────→ who sends it
                ── reports, each second ─────────────────→ everybody
                ── what its viewers can take ────────────→ who sends it
```

A speaker is told of as much loss as the worst hearer has: that has its encoder protect what it sends (Opus' own FEC).
Reports end at the node. What one browser asks for reaches another only as that, and as a wish for a keyframe, and
however many ask, and how often, the sender is asked at most twice a second.
"""

import functools
import struct
from collections.abc import Callable
from typing import Any, Final

import msgspec
from aiortc.rtp import (
    RTCP_PSFB_APP,
    RTCP_PSFB_FIR,
    RTCP_PSFB_PLI,
    RTCP_RTPFB_NACK,
    RtcpPsfbPacket,
    RtcpRrPacket,
    RtcpRtpfbPacket,
    RtcpSrPacket,
    pack_remb_fci,
    unpack_remb_fci,
)

from core.runtime.clock import Clock
from core_ext.media import Passing, Reception, Ring, Stream
from voice.media.forwarder import Forwarder
from voice.media.peer import MOST_TAKEN
from voice.video.camera import Layer
from voice.webrtc.bandwidth import choose_layers, find_filmed, find_seen, find_share
from voice.webrtc.heard import Heard
from voice.webrtc.peer import MOST_AGAIN, WebrtcPeer
from voice.webrtc.reports import NODE_SSRC, Sent, find_rtts, parse_reports, write_nacks, write_reports

_KEYFRAME_S: Final = 0.5
"""A keyframe is many packets at once: no sender is asked for one more often."""
_FIR_ENTRY_BYTES: Final = 8
_ALL_LOST: Final = 256


class Feedback:
    """The feedback of all browsers."""

    __slots__ = ("_clock", "_forwarder", "_waiting")

    def __init__(self, *, forwarder: Forwarder, clock: Clock) -> None:
        self._forwarder = forwarder
        self._clock = clock
        self._waiting: set[WebrtcPeer] = set()

    @property
    def waiting(self) -> list[WebrtcPeer]:
        """Those who are to be asked again, as what they were asked for has perhaps not come."""
        return list(self._waiting)

    def forget(self, sender: WebrtcPeer) -> None:
        """Ask a browser that has left for nothing more."""
        self._waiting.discard(sender)

    def take(self, peer: WebrtcPeer, plain: bytes) -> None:
        """Do what a browser's datagram asks for. Never raises, whatever it is."""
        now_s = self._clock.monotonic_s()
        for report in parse_reports(plain):
            peer.taken_left -= 1
            if peer.taken_left < 0:
                return
            for rtt_s in find_rtts(report, now_ms=self._clock.now_ms())[:1]:
                peer.note_rtt(rtt_s)
            self._take_report(peer, report, now_s)

    def _take_report(self, peer: WebrtcPeer, report: Any, now_s: float) -> None:
        match report:
            case RtcpSrPacket(ssrc=source, sender_info=info):
                peer.note_clock(source, info.ntp_timestamp, info.rtp_timestamp, now_s)
                _note_losses(peer, report.reports, now_s)
            case RtcpRrPacket():
                _note_losses(peer, report.reports, now_s)
            case RtcpPsfbPacket(fmt=kind, fci=content) if kind == RTCP_PSFB_APP:
                _note_estimate(peer, content)
            case RtcpPsfbPacket(fmt=kind, media_ssrc=ssrc) if kind == RTCP_PSFB_PLI:
                self._want_keyframe(peer, ssrc)
            case RtcpPsfbPacket(fmt=kind, fci=entries) if kind == RTCP_PSFB_FIR:
                for ssrc in {entries[at : at + 4] for at in range(0, len(entries), _FIR_ENTRY_BYTES)}:
                    self._want_keyframe(peer, int.from_bytes(ssrc, "big"))
            case RtcpRtpfbPacket(fmt=kind) if kind == RTCP_RTPFB_NACK:
                self._send_again(peer, report)

    def ask(self, sender: WebrtcPeer) -> None:
        """Ask a browser for what is missing, and for what is wanted of what it films, if it is time. It is among those
        who are `waiting` until nothing is.
        """
        waits = self._ask_again(sender, sender.voice, sender.heard)
        for camera in sender.cameras:
            for layer in camera.layers:
                waits |= self._ask_layer(sender, layer)
        if waits:
            self._waiting.add(sender)
        else:
            self._waiting.discard(sender)

    def _ask_again(self, sender: WebrtcPeer, stream: Stream, ring: Ring) -> bool:
        missing = [stream.find_sequence(number) for number in ring.take_missing()]
        if missing and stream.source is not None:
            for nack in write_nacks(stream.source, missing):
                self._tell(sender, nack)
        return bool(missing)

    def _ask_layer(self, sender: WebrtcPeer, layer: Layer) -> bool:
        source = layer.stream.source
        if source is None:
            return layer.wants_keyframe
        is_missing = self._ask_again(sender, layer.stream, layer.ring)
        now_s = self._clock.monotonic_s()
        if layer.wants_keyframe and now_s - layer.asked_s >= _KEYFRAME_S:
            layer.wants_keyframe, layer.asked_s = False, now_s
            self._tell(sender, RtcpPsfbPacket(fmt=RTCP_PSFB_PLI, ssrc=NODE_SSRC, media_ssrc=source))
        return is_missing or layer.wants_keyframe

    def report_to(self, peer: WebrtcPeer, heard: Heard) -> None:
        """Tell a browser how its streams came, and by what clock those go that it gets; choose what it gets. `heard` is
        the same for all that are reported to at once.

        One that has sent nothing since is not told again how its streams came, as RFC 3550 has it (section 6.4).
        """
        has_sent = peer.has_sent
        peer.again_left, peer.taken_left = MOST_AGAIN, MOST_TAKEN
        circle = peer.circle
        if circle is None:
            return
        now_s = self._clock.monotonic_s()
        if circle.filming:
            for camera in peer.cameras:
                camera.measure(now_s)
        for sender in choose_layers(peer, now_s):
            self.ask(sender)
        receptions = _find_receptions(peer, now_s) if has_sent else []
        sent = _find_sent(peer, heard)
        if receptions or sent:
            for plain in write_reports(receptions, sent, now_ms=self._clock.now_ms(), now_s=now_s):
                self._tell(peer, plain)
        if circle.filming and peer.is_filming:
            self._tell_share(peer)

    def _tell_share(self, peer: WebrtcPeer) -> None:
        layers = [layer for camera in peer.cameras for layer in camera.layers]
        sources = [layer.stream.source for layer in layers if layer.stream.source is not None]
        content = pack_remb_fci(find_share(peer), sources)
        self._tell(peer, RtcpPsfbPacket(fmt=RTCP_PSFB_APP, ssrc=NODE_SSRC, media_ssrc=0, fci=content))

    def _want_keyframe(self, peer: WebrtcPeer, ssrc: int) -> None:
        filmed = find_seen(peer, ssrc)
        layer = None if filmed is None else filmed.camera.get(max(peer.view(ssrc).current, 0))
        if filmed is not None and layer is not None:
            layer.wants_keyframe = True
            self.ask(filmed.sender)

    def _send_again(self, peer: WebrtcPeer, report: Any) -> None:
        find = _find_kept(peer, report.media_ssrc)
        if find is None or peer.address is None:
            return
        for sequence in report.lost:
            peer.taken_left -= 1
            if peer.again_left <= 0 or peer.taken_left < 0:
                return
            passing = find(sequence)
            if passing is not None:
                peer.again_left -= 1
                self._forwarder.send_again(peer, passing)

    def _tell(self, peer: WebrtcPeer, plain: Any) -> None:
        if peer.keys is None or peer.address is None:
            return
        sealed = peer.keys.seal_rtcp(bytes(plain))
        if sealed is not None:
            self._forwarder.emit(sealed, peer.address)


def _find_receptions(peer: WebrtcPeer, now_s: float) -> list[Reception]:
    """Return how a browser's streams came. Its voice is told the loss of the worst hearer where that is greater."""
    receptions = [report for stream in peer.streams if (report := stream.report(now_s)) is not None]
    if receptions and receptions[0].ssrc == peer.voice.source:
        receptions[0] = msgspec.structs.replace(
            receptions[0], fraction_lost=max(receptions[0].fraction_lost, peer.find_hearers_loss(now_s))
        )
    return receptions


def _note_estimate(peer: WebrtcPeer, content: bytes) -> None:
    """Take how much a browser believes that its network carries."""
    try:
        bps, _ = unpack_remb_fci(content)
    except (ValueError, struct.error):
        return  # an application's own affair
    peer.downlink.note_estimate(bps)


def _note_losses(peer: WebrtcPeer, reports: list[Any], now_s: float) -> None:
    """Remember for whom the voices get lost on their way to this browser, and how much of the video does."""
    if peer.circle is None:
        return
    for report in reports:
        other = peer.circle.find(report.ssrc)
        if other is None or other is peer:
            continue
        part = peer.voice.quality.told.note(
            report.ssrc, report.highest_sequence, report.packets_lost, report.fraction_lost / _ALL_LOST
        )
        if not part:
            continue
        if other.ssrc != report.ssrc:
            peer.downlink.note_loss(part)
        elif isinstance(other, WebrtcPeer):
            other.note_hearers_loss(round(part * _ALL_LOST), now_s)


def _find_kept(peer: WebrtcPeer, ssrc: int) -> Callable[[int], Passing | None] | None:
    """Return what finds packets of a stream, by the numbers that a browser knows; None when it does not get that."""
    filmed = find_seen(peer, ssrc)
    if filmed is not None:
        return functools.partial(peer.find_missing, filmed.camera)
    other = None if peer.circle is None or not peer.rights.hear else peer.circle.find(ssrc)
    if other is None or other is peer or other.ssrc != ssrc:
        return None
    return functools.partial(peer.find_missing_voice, other)


def _find_sent(peer: WebrtcPeer, heard: Heard) -> list[Sent]:
    """Return the streams of others that a browser gets."""
    if peer.circle is None or not peer.rights.hear:
        return []
    sent = [each for each in heard.list_voices(peer.circle) if each.ssrc != peer.ssrc]
    for _, camera in find_filmed(peer):
        view = peer.view(camera.ssrc)
        layer = camera.get(view.current) if view.current >= 0 else None
        if layer is not None:
            sent.append(Sent(camera.ssrc, layer.stream, view.time_shift))
    return sent
