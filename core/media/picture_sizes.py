"""The size of a picture by its first bytes. Nothing is decoded, so that of a picture that is a bomb is known too."""

import io
from typing import Final

import imagesize  # type: ignore[import-untyped]  # it has no types

from core.media.pictures import PICTURES

HEAD_BYTES: Final = 262_144
"""The first bytes of a picture, among which its size stands: cameras put colours and small copies before it."""
_MAX_SIDE: Final = 65_535
"""The largest side that any of the formats but PNG can have."""


def find_size(head: bytes, content_type: str) -> tuple[int, int] | None:
    """Return width and height as a viewer shows them, None when the bytes do not tell.

    `content_type` is what the content says (`core.media.content_types`), one of `PICTURES`.
    """
    if content_type not in PICTURES:
        return None  # of other types the library reads some by an XML parser
    width, height = imagesize.get(io.BytesIO(head), exif_rotation=True)
    return (width, height) if 0 < width <= _MAX_SIDE and 0 < height <= _MAX_SIDE else None
