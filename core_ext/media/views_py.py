# cython: nonecheck=True
"""One browser's view of another one's camera: it sees one stream, whatever layer of it is sent, and whenever.

```
 small  ──1──2──3┐                       ┌──K──8──…     sequence and picture numbers go on without a gap,
 large           └(from its keyframe)─K──5──6┘          timestamps by as much as time has passed
 nothing                                     └ paused
```

A change waits for a keyframe of the layer that is wanted, as no other picture of it can be decoded. Until then the
layer before goes on; a pause begins at once. What has passed since a change is a *segment*, which has its own
differences between the sender's numbers and those of the browser. The last few are remembered, for packets that come
late or are sent again.
"""

from collections.abc import Sequence
from typing import Any, Final

from core_ext.media import passing_py

NOTHING: Final = -1
"""In place of a layer: the stream is paused."""
_CLOCK_RATE: Final = 90_000
_TIMESTAMPS: Final = 1 << 32
_SEGMENTS: Final = 4
_LONGEST_GAP: Final = 3000
"""After a longer one the numbers go on without it: keys take a number far ahead for one far behind."""


class Segment:
    """What has passed since a change."""

    __slots__ = ("first", "last", "layer", "number_shift", "picture_shift", "time_shift", "tl0_shift")

    def __init__(self, layer: int, first: int) -> None:
        self.layer = layer
        self.first = self.last = first
        """The sender's numbers of its first packet and of its newest."""
        self.number_shift = self.time_shift = self.picture_shift = self.tl0_shift = 0

    def write(self, passing: passing_py.Passing, picture: passing_py.Picture) -> passing_py.Passing:
        """Return a packet with the browser's numbers. `picture` is what is known of it."""
        vp8, payload = picture.vp8, passing.payload
        if vp8 is not None and (self.picture_shift or self.tl0_shift):
            payload, vp8 = vp8.renumber(payload, self.picture_shift, self.tl0_shift)
            picture = picture.with_vp8(vp8)
        if picture is passing.picture and not self.number_shift and not self.time_shift:
            return passing
        number, timestamp = passing.number + self.number_shift, (passing.timestamp + self.time_shift) % _TIMESTAMPS
        return passing.renumber(number=number, timestamp=timestamp, payload=payload, picture=picture)


class View:
    """The view. `wanted` is its owner's."""

    __slots__ = ("_newest", "_segments", "bytes_passed", "current", "wanted")

    def __init__(self) -> None:
        self.wanted = 0
        """The layer that it is to be, or NOTHING."""
        self.current = NOTHING
        """The layer that is sent."""
        self.bytes_passed = 0
        self._segments: list[Segment] = []
        self._newest: passing_py.Passing | None = None
        """The newest packet, with the browser's numbers."""

    @property
    def waits(self) -> bool:
        """Whether a keyframe of the layer that is wanted is needed."""
        return self.wanted not in (NOTHING, self.current)

    @property
    def time_shift(self) -> int:
        """What is added to timestamps of the layer that is sent."""
        return self._segments[-1].time_shift if self._segments else 0

    def pause(self) -> None:
        """Send nothing from now on."""
        self.wanted = self.current = NOTHING

    def choose(self, passing: passing_py.Passing) -> passing_py.Passing | None:
        """Return a packet of video as this browser gets it, None when it does not."""
        picture = passing.picture
        if picture is None:
            return None
        segment = self._find(passing.number, picture.layer)
        if segment is None:
            if not self._may_begin(passing.number, picture):
                return None
            segment = self._begin(passing, picture)
        segment.last = max(segment.last, passing.number)
        self.bytes_passed += len(passing.payload)
        chosen = segment.write(passing, picture)
        if self._newest is None or chosen.number > self._newest.number:
            self._newest = chosen
        return chosen

    def find(self, number: int) -> tuple[int, int] | None:
        """Return layer and sender's number of a packet, by the browser's number; None when it is forgotten."""
        for segment in reversed(self._segments):
            if number >= segment.first + segment.number_shift:
                return segment.layer, number - segment.number_shift
        return None

    def repeat(self, passing: passing_py.Passing) -> passing_py.Passing | None:
        """Return a packet of video that is sent once more, in every bit as it was: its key encrypts no two packets with
        one number (RFC 7714 section 9), so not even the time of its sending changes.
        """
        picture = passing.picture
        segment = None if picture is None else self._find(passing.number, picture.layer)
        if picture is None or segment is None:
            return None
        return segment.write(passing, picture)

    def _find(self, number: int, layer: int) -> Segment | None:
        """Return to which segment a packet belongs: the one that goes on, or an earlier one's that comes late."""
        for segment in reversed(self._segments):
            if segment.layer == layer and number >= segment.first:
                goes_on = segment is self._segments[-1] and layer == self.current
                is_near = number - segment.last <= _LONGEST_GAP
                return segment if number <= segment.last or (goes_on and is_near) else None
        return None

    def _may_begin(self, number: int, picture: passing_py.Picture) -> bool:
        if picture.layer != self.wanted:
            return False
        if not self._segments:
            return True  # nothing can be decoded yet, and the browser asks for a keyframe by itself
        for each in self._segments:
            if each.layer == picture.layer and number <= each.last:
                return False  # of before a change
        return picture.is_keyframe or self.current == self.wanted

    def _begin(self, passing: passing_py.Passing, picture: passing_py.Picture) -> Segment:
        segment, newest = Segment(picture.layer, passing.number), self._newest
        if newest is not None and newest.picture is not None:
            before = self._segments[-1]
            segment.number_shift = newest.number + 1 - passing.number
            segment.time_shift = before.time_shift
            if before.layer != picture.layer:
                ticks = max(round((picture.came_s - newest.picture.came_s) * _CLOCK_RATE), 1)
                segment.time_shift = (newest.timestamp + ticks - passing.timestamp) % _TIMESTAMPS
            segment.picture_shift, segment.tl0_shift = _shift_pictures(newest.picture.vp8, picture.vp8)
        self._segments.append(segment)
        if len(self._segments) > _SEGMENTS:
            self._segments.pop(0)
        self.current = picture.layer
        return segment


def _shift_pictures(newest: Any, now: Any) -> tuple[int, int]:
    """Return what is added to the numbers of pictures, so that these go on after the newest one."""
    if newest is None or now is None:
        return 0, 0
    return newest.picture + 1 - now.picture, newest.layer + 1 - now.layer


def choose_each(
    viewers: Sequence[tuple[Any, Any, dict[int, View]]], passing: passing_py.Passing, speaker: Any
) -> list[tuple[Any, list[Any], passing_py.Passing]]:
    """Return which receivers get a packet of video, in which form, and with which numbers.

    Of each viewer there are the form in which it takes the packet, its receiver, and its views by the SSRC of the
    camera. Who has no proven address gets nothing, nor does the speaker. Those who get the packet as it is are together
    and come last.
    """
    chosen: list[tuple[Any, list[Any], passing_py.Passing]] = []
    alike: dict[Any, list[Any]] = {}
    for form, receiver, views in viewers:
        if receiver is speaker or receiver.address is None:
            continue
        view = views.get(passing.ssrc)
        if view is None:
            view = views[passing.ssrc] = View()
        seen = view.choose(passing)
        if seen is passing:
            alike.setdefault(form, []).append(receiver)
        elif seen is not None:
            chosen.append((form, [receiver], seen))
    for form, receivers in alike.items():
        chosen.append((form, receivers, passing))
    return chosen
