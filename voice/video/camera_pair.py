"""Both that one browser films: its camera, and a screen that it shares. The others know each by one SSRC."""

from collections.abc import Sequence

from core_ext.media import RtpPacket, Track, find_extension
from voice.media.source import Source
from voice.video.camera import Camera


class CameraPair:
    """Both of them. What the browser sends belongs to one when the browser has said so, and to none otherwise."""

    __slots__ = ("_rid_number", "camera", "screen")

    def __init__(self, camera: Camera, screen: Camera, *, rid_number: int) -> None:
        """`rid_number` is the number of the extension that names layers of the camera, 0 for none."""
        self._rid_number = rid_number
        self.camera = camera
        self.screen = screen

    @property
    def is_on(self) -> bool:
        """Whether its camera is on, or it shares its screen."""
        return self.camera.is_on or self.screen.is_on

    def switch(self, camera: Sequence[Source], screen: Source | None) -> None:
        """Take these layers of the camera and this screen from now on, or none."""
        self.camera.switch(camera)
        self.screen.switch([] if screen is None else [screen])

    def find_track(self, packet: RtpPacket) -> Track | None:
        """Return what a packet belongs to, None for one of a stream that nobody was told of."""
        layer, filmed = self.screen.find(packet.ssrc, None), self.screen
        if layer is None:
            rid = find_extension(packet, self._rid_number) if self._rid_number else None
            layer, filmed = self.camera.find(packet.ssrc, rid.decode("ascii", "replace") if rid else None), self.camera
        return None if layer is None else Track(filmed.ssrc, layer.index, layer.stream, layer.ring)

    def break_off(self) -> None:
        """Note that a packet was kept back."""
        self.camera.break_off()
        self.screen.break_off()
