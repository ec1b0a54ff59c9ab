"""Metadata of a picture that cannot be read, overwritten in place with zeros.

Such a file is not rewritten part by part (`core.media.cleaning`), since its parts do not hold together: it is cut off,
or damaged, or something else that begins like a picture. It is kept as a file, at its length, and whatever in it is
written like metadata is emptied, wherever it stands. Bytes of a damaged picture may be emptied beside it, which nobody
could have seen.

```
 JPEG   FF E1…EF | FE, a length of two bytes, content         the content, as far as the length says
 PNG    a length of four bytes, eXIf | tEXt | zTXt | iTXt      the content, and what looks like one without a length
 WebP   EXIF | "XMP ", a length of four bytes                  the content
 AVIF, HEIC   the head of a TIFF, which Exif is                64 KiB from there
 all    Exif\\0\\0, and an XMP packet                            64 KiB from there, the most that JPEG's has
```
"""

import mmap
import re
from pathlib import Path
from typing import Final

_JPEG_PART: Final = re.compile(rb"\xff([\xe1-\xef\xfe])(..)", re.DOTALL)
_JPEG_KEPT: Final = (b"ICC_PROFILE\0", b"Adobe")
_PNG_PART: Final = re.compile(rb"(....)(eXIf|tEXt|zTXt|iTXt|tIME)", re.DOTALL)
_WEBP_PART: Final = re.compile(rb"(EXIF|XMP )(....)", re.DOTALL)
_LOOSE: Final = re.compile(rb"Exif\0\0|<\?xpacket|<x:xmpmeta|http://ns\.adobe\.com/xap|Photoshop 3\.0\0")
_TIFF: Final = re.compile(rb"II\*\0..\0\0|MM\0\*\0\0..", re.DOTALL)
_LOOSE_BYTES: Final = 64 * 1024


def blank(path: Path, content_type: str) -> None:
    """Empty what is written like metadata in a file that begins like a picture of this type. Raises OSError."""
    if not path.stat().st_size:
        return
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as data:
        match content_type:
            case "image/jpeg":
                _blank_jpeg(data)
            case "image/png":
                for part in _PNG_PART.finditer(data):
                    _zero(data, part.end(), int.from_bytes(part[1], "big"))
            case "image/webp":
                for part in _WEBP_PART.finditer(data):
                    _zero(data, part.end(), int.from_bytes(part[2], "little"))
            case "image/avif" | "image/heic":
                for part in _TIFF.finditer(data):
                    _zero(data, part.start(), _LOOSE_BYTES)
        for part in _LOOSE.finditer(data):
            _zero(data, part.start(), _LOOSE_BYTES)


def _blank_jpeg(data: mmap.mmap) -> None:
    for part in _JPEG_PART.finditer(data):
        if not data[part.end() : part.end() + 12].startswith(_JPEG_KEPT):
            _zero(data, part.end(), max(int.from_bytes(part[2], "big") - 2, 0))


def _zero(data: mmap.mmap, start: int, size: int) -> None:
    end = min(start + size, len(data))
    data[start:end] = bytes(max(end - start, 0))
