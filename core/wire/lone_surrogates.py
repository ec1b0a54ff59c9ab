"""Halves of surrogate pairs in clients' JSON, which become U+FFFD.

    {"content": "cut \\ud83d"}  ->  {"content": "cut \\ufffd"}

JavaScript cuts texts at UTF-16 units and writes a remaining half as an escape (ECMA-262 25.5.2). UTF-8 has no such
character, so the decoder refuses the whole document. Only then this module is asked; other documents cost nothing.
Bytes that are not UTF-8 are not changed.
"""

import re
from typing import Final

_HALF: Final = re.compile(rb"\\u[dD][89a-fA-F]")
_ESCAPE: Final = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)", re.DOTALL
)
"""A whole pair, a half (the group), or any other escape, whose next character is no beginning of another."""
_REPLACEMENT: Final = rb"\ufffd"


def replace_lone_surrogates(payload: bytes) -> bytes:
    """Return the JSON with another escape in place of each half; the same object when there is none."""
    if _HALF.search(payload) is None:
        return payload
    replaced = _ESCAPE.sub(lambda match: _REPLACEMENT if match[1] else match[0], payload)
    return payload if replaced == payload else replaced
