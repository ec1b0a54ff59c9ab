"""What one browser films: one stream, or the same picture in several sizes ("simulcast"). Each viewer gets one of them.

A browser has two of these, its camera and the screen that it shares. The others know each by one SSRC. Its layers, the
smallest first, have SSRCs of the browser's own. Each is numbered, kept and asked for by itself.
"""

import math
from collections.abc import Sequence

from core_ext.media import NOTHING, Ring, Stream
from voice.media.source import BEST, Source
from voice.video.meter import Meter

_OLD_PART = 0.5
"""What the rate before counts for: keyframes are large."""


class Layer:
    """One layer."""

    __slots__ = ("asked_s", "index", "is_told", "meter", "quality", "rid", "ring", "source", "stream", "wants_keyframe")

    def __init__(self, index: int, stream: Stream) -> None:
        """`stream` numbers its packets."""
        self.index = index
        self.stream = stream
        self.ring = Ring()
        self.meter = Meter(_OLD_PART)
        self.rid = ""
        self.source = 0
        """The browser's SSRC of it, 0 as long as that is not known."""
        self.is_told = False
        """Whether the browser has told that SSRC, and it does not go by the name in packets."""
        self.quality = BEST
        self.wants_keyframe = False
        """Whether somebody wants one, and it was not asked yet."""
        self.asked_s = -math.inf


class Camera:
    """All of it."""

    __slots__ = ("_all", "_named", "is_screen", "layers", "ssrc")

    def __init__(self, ssrc: int, streams: Sequence[Stream], *, is_screen: bool = False) -> None:
        """`ssrc` is what the others know it by; of `streams`, at least one, each numbers a layer."""
        self.ssrc = ssrc
        self.is_screen = is_screen
        self._all = [Layer(index, stream) for index, stream in enumerate(streams)]
        self.layers: list[Layer] = []
        """Those that are on, none while the camera is off."""
        self._named: dict[str, int] = {}
        """The SSRCs of layers by their names, as packets have had both. Browsers name packets only until the first
        report of them, so these outlive the time in which the camera is off.
        """

    @property
    def is_on(self) -> bool:
        """Whether its packets are passed on."""
        return bool(self.layers)

    def switch(self, sources: Sequence[Source]) -> None:
        """Take these layers from now on, or nothing. What was another one's before begins anew."""
        self.layers = self._all[: len(sources)]
        for layer, source in zip(self._all, sources, strict=False):
            ssrc = source.ssrc or self._named.get(source.rid, 0)
            if (layer.rid, layer.source) != (source.rid, ssrc):
                layer.stream.break_off()
            layer.rid, layer.source, layer.is_told = source.rid, ssrc, bool(source.ssrc)
            layer.quality = source.quality
        for layer in self._all[len(sources) :]:
            layer.stream.break_off()
            layer.rid, layer.source, layer.ring = "", 0, Ring()
        if sources:
            names = {source.rid for source in sources}
            self._named = {name: ssrc for name, ssrc in self._named.items() if name in names}

    def find(self, ssrc: int, rid: str | None) -> Layer | None:
        """Return whose packet this is, by its SSRC and by its name where it has one; None when it is nobody's."""
        for layer in self.layers:
            if layer.source == ssrc:
                return layer
        for layer in self.layers:
            if rid and layer.rid == rid and not layer.is_told:
                layer.source = self._named[rid] = ssrc
                return layer
        is_only = len(self.layers) == 1 and self.layers[0].source == self.ssrc and not self.is_screen
        return self.layers[0] if is_only else None  # it has told what Ready has told it

    def find_most(self, quality: int) -> int:
        """Return the largest layer that is of use to somebody who wants this quality, NOTHING if that is 0."""
        if not quality:
            return NOTHING
        good = [layer.index for layer in self.layers if layer.quality <= quality]
        return max(good, default=0)

    def get(self, index: int) -> Layer | None:
        """Return a layer that is on."""
        return self.layers[index] if index < len(self.layers) else None

    def break_off(self) -> None:
        """Note that a packet was kept back."""
        for layer in self._all:
            layer.stream.break_off()

    def measure(self, now_s: float) -> list[float]:
        """Return what each layer takes, in bits a second."""
        return [layer.meter.measure(layer.stream.bytes_passed, now_s) for layer in self.layers]

    @property
    def streams(self) -> list[Stream]:
        """Those of all layers, whether they are on or not."""
        return [layer.stream for layer in self._all]
