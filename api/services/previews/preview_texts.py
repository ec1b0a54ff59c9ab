"""The texts of previews, made of what strangers' pages say: one line or a few, short, without control characters."""

import re
from typing import Final

MAX_TITLE: Final = 256
MAX_DESCRIPTION: Final = 350
"""What clients show of a page in a channel; the rest is behind the link."""
MAX_NAME: Final = 256

_SPACE: Final = re.compile(r"[^\S\n]+")
_LINES: Final = re.compile(r" ?\n[\s]*")
_CONTROLS: Final = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Controls, lone halves of characters, and marks that turn the direction of what a client writes beside them."""
_COLOR: Final = re.compile(r"#(?:([0-9a-fA-F]{3})[0-9a-fA-F]?|([0-9a-fA-F]{6})(?:[0-9a-fA-F]{2})?)")


def clean_line(text: str, max_length: int) -> str:
    """Return a text as one line."""
    return shorten(" ".join(_CONTROLS.sub(" ", text).split()), max_length)


def clean_lines(text: str, max_length: int) -> str:
    """Return a text with its lines, but no empty ones."""
    plain = _CONTROLS.sub(" ", text.replace("\r\n", "\n").replace("\r", "\n"))
    return shorten(_LINES.sub("\n", _SPACE.sub(" ", plain)).strip(), max_length)


def shorten(text: str, max_length: int) -> str:
    """Return the text, or its beginning and an ellipsis."""
    return text if len(text) <= max_length else f"{text[: max_length - 1].rstrip()}…"


def parse_color(text: str) -> int | None:
    """Return the number of a colour like #a0b1c2 or #abc, without its opacity; other ways to write one are not read."""
    match = _COLOR.fullmatch(text.strip())
    if match is None:
        return None
    return int(match[2] or "".join(each * 2 for each in match[1]), 16)


def parse_side(text: str) -> int | None:
    """Return a side in pixels, None for what is none."""
    plain = text.strip().removesuffix("px")
    if not plain.isascii() or not plain.isdigit() or len(plain) > 5:
        return None
    return int(plain) or None
