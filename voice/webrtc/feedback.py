"""What browsers and the node tell each other of streams (RTCP, RFC 3550 and 4585).

```
 who gets video ── misses a packet ──→ from the sender's ring
                ── wants a keyframe ─→ once in a while ─→ who sends it
 node           ── misses a packet ──────────────────────→ who sends it
                ── reports, each second ─────────────────→ everybody
```

A speaker is told of as much loss as the worst hearer has: that has its encoder protect what it sends (Opus' own FEC).
Reports end at the node. What one browser asks for reaches another only as that, and as a wish for a keyframe, and
however many ask, and how often, the sender is asked at most twice a second.
"""

from typing import Any, Final

import msgspec
from aiortc.rtp import (
    RTCP_PSFB_FIR,
    RTCP_PSFB_PLI,
    RTCP_RTPFB_NACK,
    RtcpPsfbPacket,
    RtcpRrPacket,
    RtcpRtpfbPacket,
    RtcpSrPacket,
)

from core.runtime.clock import Clock
from voice.media.forwarder import Forwarder
from voice.media.passing import Codec
from voice.media.peer import Unsealed
from voice.webrtc.peer import MOST_AGAIN, WebrtcPeer
from voice.webrtc.reports import NODE_SSRC, find_rtts, parse_reports, write_reports

_KEYFRAME_S: Final = 0.5
"""A keyframe is many packets at once: no sender is asked for one more often."""
_FIR_ENTRY_BYTES: Final = 8


class Feedback:
    """The feedback of all browsers."""

    __slots__ = ("_clock", "_forwarder")

    def __init__(self, *, forwarder: Forwarder, clock: Clock) -> None:
        self._forwarder = forwarder
        self._clock = clock

    def take(self, peer: WebrtcPeer, plain: bytes) -> None:
        """Do what a browser's datagram asks for. Never raises, whatever it is."""
        now_s = self._clock.monotonic_s()
        for report in parse_reports(plain):
            for rtt_s in find_rtts(report, now_ms=self._clock.now_ms())[:1]:
                peer.note_rtt(rtt_s)
            match report:
                case RtcpSrPacket(ssrc=source, sender_info=info):
                    peer.note_clock(source, info.ntp_timestamp, info.rtp_timestamp, now_s)
                    _note_losses(peer, report.reports)
                case RtcpRrPacket():
                    _note_losses(peer, report.reports)
                case RtcpPsfbPacket(fmt=kind, media_ssrc=ssrc) if kind == RTCP_PSFB_PLI:
                    self._want_keyframe(peer, ssrc)
                case RtcpPsfbPacket(fmt=kind, fci=entries) if kind == RTCP_PSFB_FIR:
                    for at in range(0, len(entries), _FIR_ENTRY_BYTES):
                        self._want_keyframe(peer, int.from_bytes(entries[at : at + 4], "big"))
                case RtcpRtpfbPacket(fmt=kind) if kind == RTCP_RTPFB_NACK:
                    self._send_again(peer, report)

    def ask(self, sender: WebrtcPeer) -> None:
        """Ask a browser for what is wanted of its camera, if it is time."""
        source = sender.video.source
        if source is None or sender.video_source is None:
            return
        now_s = self._clock.monotonic_s()
        missing = [sender.video.find_sequence(number) for number in sender.ring.take_missing()]
        if missing:
            self._tell(sender, RtcpRtpfbPacket(fmt=RTCP_RTPFB_NACK, ssrc=NODE_SSRC, media_ssrc=source, lost=missing))
        if sender.wants_keyframe and now_s - sender.keyframe_asked_s >= _KEYFRAME_S:
            sender.wants_keyframe, sender.keyframe_asked_s = False, now_s
            self._tell(sender, RtcpPsfbPacket(fmt=RTCP_PSFB_PLI, ssrc=NODE_SSRC, media_ssrc=source))

    def report_to(self, peer: WebrtcPeer) -> None:
        """Tell a browser how its streams came, and by what clock those go that it gets."""
        peer.again_left = MOST_AGAIN
        if peer.circle is None:
            return
        now_s = self._clock.monotonic_s()
        receptions = [report for stream in peer.streams.values() if (report := stream.report(now_s)) is not None]
        if receptions and receptions[0].ssrc == peer.voice.source:
            receptions[0] = msgspec.structs.replace(
                receptions[0], fraction_lost=max(receptions[0].fraction_lost, peer.worst_loss)
            )
        peer.worst_loss = 0
        others = peer.circle.peers if peer.rights.hear else []
        streams = {ssrc: stream for other in others if other is not peer for ssrc, stream in other.streams.items()}
        for plain in write_reports(receptions, streams, now_ms=self._clock.now_ms(), now_s=now_s):
            self._tell(peer, plain)

    def _want_keyframe(self, peer: WebrtcPeer, ssrc: int) -> None:
        sender = _find_sender(peer, ssrc)
        if sender is not None:
            sender.wants_keyframe = True
            self.ask(sender)

    def _send_again(self, peer: WebrtcPeer, report: Any) -> None:
        sender = _find_sender(peer, report.media_ssrc)
        if sender is None or peer.address is None:
            return
        for sequence in report.lost:
            number = peer.find_number(report.media_ssrc, sequence)
            passing = None if number is None else sender.ring.find(number)
            if passing is None or peer.again_left <= 0:
                continue
            peer.again_left -= 1
            try:
                datagram = peer.seal(passing)
            except Unsealed:
                continue
            self._forwarder.emit(datagram, peer.address)

    def _tell(self, peer: WebrtcPeer, plain: Any) -> None:
        if peer.keys is None or peer.address is None:
            return
        sealed = peer.keys.seal_rtcp(bytes(plain))
        if sealed is not None:
            self._forwarder.emit(sealed, peer.address)


def _note_losses(peer: WebrtcPeer, reports: list[Any]) -> None:
    """Remember for whom the voices get lost on their way to this browser."""
    if peer.circle is None:
        return
    losses = {report.ssrc: report.fraction_lost for report in reports if report.fraction_lost}
    for other in peer.circle.peers if losses else ():
        if isinstance(other, WebrtcPeer) and other is not peer:
            other.worst_loss = max(other.worst_loss, losses.get(other.ssrc, 0))


def _find_sender(peer: WebrtcPeer, ssrc: int) -> WebrtcPeer | None:
    """Return whose camera this is, if the browser gets it."""
    if peer.circle is None or not peer.rights.hear:
        return None
    for other in peer.circle.peers:
        if isinstance(other, WebrtcPeer) and other.video_ssrc == ssrc and other is not peer:
            return other if other.may_send(Codec.VP8) else None
    return None
