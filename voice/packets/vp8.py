"""What a packet of VP8 says before its content (RFC 7741 section 4.2), and those parts of it that count pictures.

```
 X R N S  PID │ I L T K … │ picture id, 7 or 15 bits │ TL0PICIDX │ TID … │ first byte of VP8: P is 0 in a keyframe
 (X)           (I, L, T, K)  (I)                       (L)          (T, K)  (at the start of partition 0)
```
"""

from typing import Final

import msgspec

_EXTENDED: Final = 0x80
_START: Final = 0x10
_PARTITION: Final = 0x07
_HAS_PICTURE: Final = 0x80
_HAS_LAYER: Final = 0x40
_HAS_MORE: Final = 0x30
_LONG: Final = 0x80
_NO_KEY: Final = 0x01
_LAYERS: Final = 0x100


class Vp8(msgspec.Struct, frozen=True, gc=False):
    """Where the counters are in a payload; 0 for one that it does not have."""

    is_keyframe: bool
    """Whether a keyframe begins with this packet."""
    picture_at: int
    picture_bytes: int
    picture: int
    layer_at: int
    layer: int
    """TL0PICIDX: the number of the newest picture of the lowest temporal layer."""

    @property
    def pictures(self) -> int:
        """How many numbers pictures have until they go round."""
        return 1 << 15 if self.picture_bytes > 1 else 1 << 7

    def renumber(self, payload: bytes, pictures: int, layers: int) -> tuple[bytes, "Vp8"]:
        """Return the payload, and what it says, with so much added to its counters, which go round."""
        changed, picture, layer = bytearray(payload), 0, 0
        if self.picture_bytes:
            picture = (self.picture + pictures) % self.pictures
            written = picture | _LONG << 8 if self.picture_bytes > 1 else picture
            end = self.picture_at + self.picture_bytes
            changed[self.picture_at : end] = written.to_bytes(self.picture_bytes, "big")
        if self.layer_at:
            layer = changed[self.layer_at] = (self.layer + layers) % _LAYERS
        return bytes(changed), msgspec.structs.replace(self, picture=picture, layer=layer)


def parse_vp8(payload: bytes) -> Vp8 | None:
    """Read a payload; None when it ends too soon."""
    try:
        return _parse(payload)
    except IndexError:
        return None


def _parse(payload: bytes) -> Vp8:
    first, at = payload[0], 1
    picture_at = picture_bytes = picture = layer_at = layer = 0
    if first & _EXTENDED:
        has, at = payload[1], 2
        if has & _HAS_PICTURE:
            picture_at, picture_bytes = at, 2 if payload[at] & _LONG else 1
            picture = (payload[at] & 0x7F) << 8 | payload[at + 1] if picture_bytes > 1 else payload[at]
            at += picture_bytes
        if has & _HAS_LAYER:
            layer_at, layer, at = at, payload[at], at + 1
        if has & _HAS_MORE:
            at += 1
    is_start = bool(first & _START) and not first & _PARTITION
    is_keyframe = not payload[at] & _NO_KEY and is_start
    return Vp8(is_keyframe, picture_at, picture_bytes, picture, layer_at, layer)
