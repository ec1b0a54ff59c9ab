"""Whose voices are heard, found once for all who are told at the same time.

In a large room each of many would otherwise look through all others, most of whom only listen.
"""

from voice.media.peer import Circle
from voice.webrtc.reports import Sent


class Heard:
    """The voices of circles at one moment."""

    __slots__ = ("_voices", "now_s")

    def __init__(self, now_s: float) -> None:
        self.now_s = now_s
        self._voices: dict[Circle, list[Sent]] = {}

    def list_voices(self, circle: Circle) -> list[Sent]:
        """Return those of a circle of which something was passed on of late."""
        voices = self._voices.get(circle)
        if voices is None:
            voices = self._voices[circle] = [
                Sent(peer.ssrc, peer.voice) for peer in circle.peers if peer.voice.was_passed_on(self.now_s)
            ]
        return voices
