"""The removal of what cameras and programs write beside a picture: places, names, serial numbers, small copies.

JPEG, PNG and WebP are chains of parts. The parts that have metadata are left out and all others are copied as they
are, so no pixel changes, and nothing is decoded. What follows the end of a picture is left out as well: telephones hide
films there. Colour profiles stay. AVIF and HEIC are made otherwise (`core.media.item_boxes`).
"""

import re
from collections.abc import Iterator
from typing import Final

from core.media.broken_picture import BrokenPicture
from core.media.item_boxes import clean_boxes

Bytes = bytes | memoryview

_SCAN_END: Final = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
"""A marker inside the data of a scan that is neither an escaped 0xFF nor a restart (ITU T.81, B.1.1)."""
_STANDALONE: Final = frozenset((0x01, *range(0xD0, 0xD8)))
_SOS, _EOI, _COMMENT = 0xDA, 0xD9, 0xFE
_APP: Final = range(0xE0, 0xF0)
_KEPT_APPS: Final = {0xE0: b"JFIF\0", 0xE2: b"ICC_PROFILE\0", 0xEE: b"Adobe"}
"""What decoders need: the density, the colours and their transformation."""

_PNG: Final = b"\x89PNG\r\n\x1a\n"
_PNG_METADATA: Final = frozenset((b"eXIf", b"tEXt", b"zTXt", b"iTXt", b"tIME"))

_WEBP_METADATA: Final = frozenset((b"EXIF", b"XMP "))
_WEBP_FLAGS: Final = 0x0C
"""The bits of VP8X that announce both."""


def clean(data: memoryview, content_type: str) -> Iterator[Bytes]:
    """Yield a picture in pieces, without metadata. Other types than those of this module stay.

    Raises:
        BrokenPicture
    """
    match content_type:
        case "image/jpeg":
            return _clean_jpeg(data)
        case "image/png":
            return _clean_png(data)
        case "image/webp":
            return _clean_webp(data)
        case "image/avif" | "image/heic":
            return clean_boxes(data)
        case _:
            return iter((data,))


def _clean_jpeg(data: memoryview) -> Iterator[Bytes]:
    yield data[:2]
    place = 2
    while True:
        marker = _read_marker(data, place)
        if marker == _EOI:
            yield data[place : place + 2]
            return
        end = place + 2 if marker in _STANDALONE else place + 2 + _read_number(data, place + 2, 2)
        if end > len(data) or end < place + 2:
            raise BrokenPicture
        if not _is_jpeg_metadata(marker, data[place + 4 : end]):
            yield data[place:end]
        if marker == _SOS:
            found = _SCAN_END.search(data, end)
            if found is None:
                raise BrokenPicture
            yield data[end : found.start()]
            end = found.start()
        place = end


def _read_marker(data: memoryview, place: int) -> int:
    if place + 2 > len(data) or data[place] != 0xFF:
        raise BrokenPicture
    return data[place + 1]


def _is_jpeg_metadata(marker: int, content: memoryview) -> bool:
    if marker == _COMMENT:
        return True
    if marker not in _APP:
        return False
    kept = _KEPT_APPS.get(marker)
    return kept is None or bytes(content[: len(kept)]) != kept


def _clean_png(data: memoryview) -> Iterator[Bytes]:
    if bytes(data[:8]) != _PNG:
        raise BrokenPicture
    yield data[:8]
    place = 8
    while True:
        end = place + 12 + _read_number(data, place, 4)
        if end > len(data):
            raise BrokenPicture
        kind = bytes(data[place + 4 : place + 8])
        if kind not in _PNG_METADATA:
            yield data[place:end]
        if kind == b"IEND":
            return
        place = end


def _clean_webp(data: memoryview) -> Iterator[Bytes]:
    kept: list[Bytes] = []
    size = int.from_bytes(data[4:8], "little") + 8
    if size > len(data):
        raise BrokenPicture
    place = 12
    while place + 8 <= size:
        length = int.from_bytes(data[place + 4 : place + 8], "little")
        end = place + 8 + length + length % 2
        if place + 8 + length > len(data):
            raise BrokenPicture
        kind = bytes(data[place : place + 4])
        if kind == b"VP8X":
            kept.append(bytes(data[place : place + 8]) + bytes((data[place + 8] & ~_WEBP_FLAGS,)))
            kept.append(data[place + 9 : end])
        elif kind not in _WEBP_METADATA:
            kept.append(data[place:end])
        place = end
    if not kept:
        raise BrokenPicture
    yield b"RIFF%bWEBP" % (sum(map(len, kept)) + 4).to_bytes(4, "little")
    yield from kept


def _read_number(data: memoryview, place: int, size: int) -> int:
    if place + size > len(data):
        raise BrokenPicture
    return int.from_bytes(data[place : place + size], "big")
