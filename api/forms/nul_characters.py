"""Texts with a NUL, which no database keeps."""

from collections.abc import Iterator
from typing import Any

import msgspec

from core.domain.errors import FieldError, Invalid


def refuse_nul(body: bytes) -> None:
    """Raise Invalid for a body with a text that holds a NUL."""
    # `\u0000` may also be a backslash that was escaped, so the decoded text decides.
    if b"\\u0000" in body or b"\x00" in body:
        for path in _find_nul(msgspec.json.decode(body), ()):
            raise Invalid(FieldError(path, "STRING_TYPE_INVALID", "Text may not hold NUL characters."))


def _find_nul(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[str | int, ...]]:
    if isinstance(value, str):
        if "\x00" in value:
            yield path
    elif isinstance(value, dict):
        for key, item in value.items():
            if "\x00" in key:
                yield path
            yield from _find_nul(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _find_nul(item, (*path, index))
