"""Whole numbers that bodies hold as texts are written in digits.

msgspec takes each text whose value is whole, such as "1e3" and "2.0", for a whole number. Discord does not, nor do the
parameters of queries here. What a text was read as cannot be seen afterwards; so such a body is read once more with
`spoil`, where a text like this is no whole number any more, but still a number and still a text of its length.
"""

import re
from typing import Any, Final

_NUMBER: Final = r"-?[0-9]+(?:\.[0-9]+(?:[eE][+-]?[0-9]+)?|[eE][+-]?[0-9]+)"
"""A number with a fraction or an exponent."""

_QUOTED: Final = re.compile(f'"{_NUMBER}"'.encode())
_TEXT: Final = re.compile(_NUMBER)


def may_need_spoiling(body: bytes) -> bool:
    """Tell whether a text of the body is a number with a fraction or an exponent. Few bodies have one."""
    return _QUOTED.search(body) is not None


def spoil(value: Any) -> Any:
    """Return a decoded body with a fraction in place of each such text."""
    if isinstance(value, str):
        return "0." + "5" * (len(value) - 2) if _TEXT.fullmatch(value) else value
    if isinstance(value, dict):
        return {key: spoil(item) for key, item in value.items()}
    if isinstance(value, list):
        return [spoil(item) for item in value]
    return value
