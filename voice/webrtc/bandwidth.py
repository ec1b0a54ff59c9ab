"""Who gets which video, in which size, and how much those who film should send. Once a second for each browser.

```
 viewer ── losses, its own estimate (REMB) ─→ Downlink ─→ allocate ─→ a layer for each View, or a pause
 who films ←── REMB: what its viewers can take ──────────────┘
```

What limits a viewer is its own way. With one layer the one who films is told the least share of those viewers who can
take a fair picture at all; who cannot gets none, as one poor line must not spoil the picture for everybody. With
simulcast the largest share counts, since the others have smaller layers.

A screen that is shared is one more camera, before all others. What is told counts for a browser's whole connection, so
who films and shares is told the sum.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from core_ext.media import NOTHING
from voice.media.peer import Peer
from voice.video.allocation import Wish, allocate
from voice.video.camera import Camera
from voice.video.downlink import UNLIMITED
from voice.webrtc.peer import WebrtcPeer

MOST_BPS: Final = 20_000_000
"""What is told where nothing limits anybody."""
FAIR_BPS: Final = 100_000.0
"""With less, one picture is worth having and two are not."""

_ALL_LAYERS: Final = 1.4
"""What all layers take, of what the largest does: each has a quarter of the pictures' points of the next one."""


class Filmed(NamedTuple):
    """A camera that is on, or a screen that is shared, and whose it is."""

    sender: WebrtcPeer
    camera: Camera


def choose_layers(viewer: WebrtcPeer, now_s: float) -> list[WebrtcPeer]:
    """Choose what a browser gets; return those who film of whom it needs a keyframe now."""
    sent_bps = viewer.sent_meter.measure(viewer.video_bytes_sent, now_s)
    limit_bps = viewer.downlink.update(sent_bps, now_s)
    all_filmed = find_filmed(viewer)
    viewer.filmed = [camera.ssrc for _, camera in all_filmed]
    if not all_filmed:
        return []
    layers = allocate(limit_bps, [_wish(viewer, camera) for _, camera in all_filmed])
    waiting = []
    for sender, camera in all_filmed:
        view, layer = viewer.view(camera.ssrc), layers[camera.ssrc]
        if layer == NOTHING:
            view.pause()
        else:
            view.wanted = layer
        if view.waits:
            camera.layers[layer].wants_keyframe = True
            waiting.append(sender)
    return waiting


def find_filmed(viewer: WebrtcPeer) -> list[Filmed]:
    """Return what a browser can see of others: screens first, and of those who have spoken last first."""
    if viewer.circle is None or not viewer.circle.filming:
        return []
    return sorted(_list_filmed(viewer), key=lambda each: (not each.camera.is_screen, -each.sender.activity.voiced_s))


def find_seen(viewer: WebrtcPeer, ssrc: int) -> Filmed | None:
    """Return the camera or screen of this SSRC, if the browser can see it."""
    sender = None if viewer.circle is None else viewer.circle.find(ssrc)
    return next((filmed for filmed in _list_seen(viewer, sender) if filmed.camera.ssrc == ssrc), None)


def _list_filmed(viewer: WebrtcPeer) -> Iterator[Filmed]:
    for sender in viewer.circle.filming if viewer.circle is not None else ():
        yield from _list_seen(viewer, sender)


def _list_seen(viewer: WebrtcPeer, sender: Peer | None) -> Iterator[Filmed]:
    """Return what a browser can see of another one."""
    if (
        isinstance(sender, WebrtcPeer)
        and sender is not viewer
        and viewer.rights.hear
        and sender.offer.video_codec in viewer.offer.payload_types
        and sender.may_film
    ):
        yield from (Filmed(sender, camera) for camera in sender.cameras if camera.is_on)


def _wish(viewer: WebrtcPeer, camera: Camera) -> Wish:
    view, rates_bps = viewer.view(camera.ssrc), [layer.meter.bps for layer in camera.layers]
    if len(rates_bps) == 1 and not viewer.downlink.is_overrun:
        # It is told to send less, and counts as if it already did.
        rates_bps = [min(rates_bps[0], FAIR_BPS)]
    most = camera.find_most(viewer.wants.find(camera.ssrc))
    return Wish(camera.ssrc, rates_bps, most, view.current)


def find_share(sender: WebrtcPeer) -> int:
    """Return what one who films should send at most, in bits a second, all layers and its screen together."""
    shares = [_find_share_for(sender, camera) for camera in sender.cameras if camera.is_on]
    limited = [max(share, FAIR_BPS) for share in shares if share < UNLIMITED]
    return round(min(sum(limited) if limited else MOST_BPS, MOST_BPS))


def _find_share_for(sender: WebrtcPeer, camera: Camera) -> float:
    """Return what a camera should take at most, UNLIMITED where nothing limits those who see it."""
    others = sender.circle.peers if sender.circle is not None else ()
    shares = [
        share
        for other in others
        if isinstance(other, WebrtcPeer) and (share := _find_share_of(other, camera.ssrc)) is not None
    ]
    if len(camera.layers) > 1:
        return max(shares, default=UNLIMITED) * _ALL_LAYERS
    return min((each for each in shares if each), default=UNLIMITED)


def _find_share_of(viewer: WebrtcPeer, ssrc: int) -> float | None:
    """Return what a camera may take of what a browser can take, None where that does not matter."""
    view = viewer.views.get(ssrc)
    if view is None or not viewer.wants.find(ssrc):
        return None
    if view.current == NOTHING:
        return None if viewer.downlink.limit_bps == UNLIMITED else 0.0
    shown = sum(each.current != NOTHING for ssrc, each in viewer.views.items() if ssrc in viewer.filmed)
    return viewer.downlink.limit_bps / max(shown, 1)
