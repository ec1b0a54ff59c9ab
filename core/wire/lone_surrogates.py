"""Halves of surrogate pairs in JSON that others wrote, and what becomes of them: U+FFFD, as in every text that cannot be shown.

    {"content": "cut \\ud83d"}  ->  {"content": "cut \\ufffd"}

JavaScript cuts texts at UTF-16 units and writes a half that is left over as an escape (ECMA-262 25.5.2), which no UTF-8 has, so
that the decoder refuses the whole. Only then somebody asks here; what can be decoded costs nothing. Bytes that are not UTF-8
are not touched.
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
    """The JSON with another escape in place of each half; the same object when there is none."""
    if _HALF.search(payload) is None:
        return payload
    replaced = _ESCAPE.sub(lambda match: _REPLACEMENT if match[1] else match[0], payload)
    return payload if replaced == payload else replaced
