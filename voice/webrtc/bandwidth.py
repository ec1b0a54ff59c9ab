"""Who gets which video, in which size, and how much those who film should send. Once a second for each browser.

```
 viewer ── losses, its own estimate (REMB) ─→ Downlink ─→ allocate ─→ a layer for each View, or a pause
 who films ←── REMB: what its viewers can take ──────────────┘
```

What limits a viewer is its own way. With one layer the one who films is told the least share of those viewers who can
take a fair picture at all; who cannot gets none, as one poor line must not spoil the picture for everybody. With
simulcast the largest share counts, since the others have smaller layers.
"""

from typing import Final

from voice.media.passing import Codec
from voice.video.allocation import NOTHING, Wish, allocate
from voice.video.downlink import UNLIMITED
from voice.webrtc.peer import WebrtcPeer

MOST_BPS: Final = 20_000_000
"""What is told where nothing limits anybody."""
FAIR_BPS: Final = 100_000.0
"""With less, one picture is worth having and two are not."""

_ALL_LAYERS: Final = 1.4
"""What all layers take, of what the largest does: each has a quarter of the pictures' points of the next one."""


def choose_layers(viewer: WebrtcPeer, now_s: float) -> list[WebrtcPeer]:
    """Choose what a browser gets; return those who film of whom it needs a keyframe now."""
    sent_bps = viewer.sent_meter.measure(viewer.video_bytes_sent, now_s)
    limit_bps = viewer.downlink.update(sent_bps, now_s)
    senders = find_senders(viewer)
    layers = allocate(limit_bps, [_wish(viewer, sender) for sender in senders])
    waiting = []
    for sender in senders:
        view, layer = viewer.view(sender.camera.ssrc), layers[sender.camera.ssrc]
        if layer == NOTHING:
            view.pause()
        else:
            view.wanted = layer
        if view.waits:
            sender.camera.layers[layer].wants_keyframe = True
            waiting.append(sender)
    return waiting


def find_senders(viewer: WebrtcPeer) -> list[WebrtcPeer]:
    """Return whose cameras a browser can see, those who have spoken last first."""
    if viewer.circle is None or not viewer.rights.hear:
        return []
    senders = [
        other
        for other in viewer.circle.peers
        if isinstance(other, WebrtcPeer)
        and other is not viewer
        and other.offer.video_codec in viewer.offer.payload_types
        and other.may_send(Codec.VP8)
    ]
    return sorted(senders, key=lambda each: each.activity.voiced_s, reverse=True)


def _wish(viewer: WebrtcPeer, sender: WebrtcPeer) -> Wish:
    view, rates_bps = viewer.view(sender.camera.ssrc), [layer.meter.bps for layer in sender.camera.layers]
    if len(rates_bps) == 1 and not viewer.downlink.is_overrun:
        # It is told to send less, and counts as if it already did.
        rates_bps = [min(rates_bps[0], FAIR_BPS)]
    most = sender.camera.find_most(viewer.wants.find(sender.camera.ssrc))
    return Wish(sender.camera.ssrc, rates_bps, most, view.current)


def find_share(sender: WebrtcPeer) -> int:
    """Return what one who films should send at most, in bits a second, all layers together."""
    others = sender.circle.peers if sender.circle is not None else ()
    shares = [
        share
        for other in others
        if isinstance(other, WebrtcPeer) and (share := _find_share_of(other, sender.camera.ssrc)) is not None
    ]
    has_layers = len(sender.camera.layers) > 1
    if has_layers:
        share = max(shares, default=UNLIMITED) * _ALL_LAYERS
    else:
        share = min((each for each in shares if each), default=UNLIMITED)
    return round(min(max(share, FAIR_BPS), MOST_BPS))


def _find_share_of(viewer: WebrtcPeer, ssrc: int) -> float | None:
    """Return what a camera may take of what a browser can take, None where that does not matter."""
    view = viewer.views.get(ssrc)
    if view is None or not viewer.wants.find(ssrc):
        return None
    if view.current == NOTHING:
        return None if viewer.downlink.limit_bps == UNLIMITED else 0.0
    return viewer.downlink.limit_bps / sum(each.current != NOTHING for each in viewer.views.values())
