"""The type of a file by its content. Its name decides only between kinds of text, which look alike.

What a browser may show in the server's own name is a short list: nothing on it can run a script.
"""

import mimetypes
from typing import Final

import filetype  # type: ignore[import-untyped]  # it has no types

HEAD_BYTES: Final = 8192
"""The first bytes of a file, which tell its type."""
UNKNOWN: Final = "application/octet-stream"

_TEXT: Final = "text/plain; charset=utf-8"
_ALIASES: Final = {
    "image/apng": "image/png",
    "audio/x-wav": "audio/wav",
    "audio/x-flac": "audio/flac",
    "video/x-m4v": "video/mp4",
}
_BRANDS: Final = {
    b"avis": "image/avif",
    **dict.fromkeys((b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"mif2", b"heif"), "image/heic"),
}
"""Brands of pictures in boxes, beside those that the library knows."""
_SHOWN: Final = frozenset(
    (
        *("image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"),
        *("video/mp4", "video/webm", "video/quicktime"),
        *("audio/mpeg", "audio/mp4", "audio/ogg", "audio/wav", "audio/flac", "audio/aac"),
        _TEXT,
    )
)
_CONTROLS: Final = frozenset(range(32)) - frozenset(b"\t\n\r\f\x1b")


def find_content_type(head: bytes, filename: str) -> str:
    """Return the type of a file that begins with these bytes; all of it when it is shorter than `HEAD_BYTES`."""
    found: str | None = filetype.guess_mime(head) if head else None
    if found is not None:
        return _ALIASES.get(found, found)
    if head[4:8] == b"ftyp" and head[8:12] in _BRANDS:
        return _BRANDS[bytes(head[8:12])]
    if not _is_text(head):
        return UNKNOWN
    named = mimetypes.guess_type(filename)[0] or ""
    return f"{named}; charset=utf-8" if named.startswith("text/") else _TEXT


def find_shown_type(content_type: str) -> str | None:
    """Return the type under which a browser may show a file, None when it is only to be saved.

    A kind of text is shown as plain text, whatever it is.
    """
    if content_type.startswith("text/"):
        return _TEXT
    return content_type if content_type in _SHOWN else None


def _is_text(head: bytes) -> bool:
    if not _CONTROLS.isdisjoint(head):
        return False
    try:
        head.decode()
    except UnicodeDecodeError as error:
        # The last character may go on after the head.
        return len(head) >= HEAD_BYTES and error.start >= len(head) - 3
    return True
