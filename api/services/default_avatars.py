"""The pictures of users without an avatar: a head and shoulders, in one of six colours. Drawn when first asked."""

import struct
import zlib
from typing import Final

COLOURS: Final = ((88, 101, 168), (110, 118, 129), (46, 139, 109), (196, 132, 45), (178, 74, 74), (150, 82, 150))
"""Red, green and blue of each background. Clients choose one by the user's id."""

_SIZE: Final = 128
_GRID: Final = 2
"""Each pixel is looked at in so many places a side, so that edges are smooth."""
_WHITE: Final = 255
_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_HEADER: Final = struct.pack(">IIBBBBB", _SIZE, _SIZE, 8, 3, 0, 0, 0)
"""Width, height, 8 bits a pixel, which are places in a palette; the rest are PNG's only values."""


class DefaultAvatars:
    """The finished pictures, by their number."""

    __slots__ = ("_pictures",)

    def __init__(self) -> None:
        self._pictures: list[bytes] = []

    def find(self, number: int) -> bytes | None:
        """Return a PNG, None for a number that has none."""
        if not self._pictures:
            rows = _draw()
            self._pictures = [_encode(rows, colour) for colour in COLOURS]
        return self._pictures[number] if 0 <= number < len(self._pictures) else None


def _draw() -> bytes:
    """Return the rows, each behind its filter's number: how white each pixel is. The right half mirrors the left."""
    drawn = bytearray()
    for y in range(_SIZE):
        half = bytes(_cover(x, y) for x in range(_SIZE // 2))
        drawn += b"\x00" + half + half[::-1]
    return bytes(drawn)


def _cover(x: int, y: int) -> int:
    """Return how many places of a pixel's grid are inside."""
    steps = [(index + 0.5) / _GRID for index in range(_GRID)]
    return sum(_is_inside((x + dx) / _SIZE, (y + dy) / _SIZE) for dx in steps for dy in steps)


def _is_inside(x: float, y: float) -> bool:
    """Tell whether a point of the unit square is in the head, a circle, or in the shoulders, half an ellipse."""
    in_head = (x - 0.5) ** 2 + (y - 0.4) ** 2 < 0.17**2
    in_shoulders = ((x - 0.5) / 0.32) ** 2 + ((y - 0.98) / 0.34) ** 2 < 1
    return in_head or in_shoulders


def _encode(rows: bytes, colour: tuple[int, int, int]) -> bytes:
    steps = _GRID * _GRID
    palette = bytes(part + (_WHITE - part) * step // steps for step in range(steps + 1) for part in colour)
    chunks = ((b"IHDR", _HEADER), (b"PLTE", palette), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return _SIGNATURE + b"".join(_chunk(name, data) for name, data in chunks)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
