"""The text of a page: which charset its bytes are in, and their decoding.

Names come from strangers, and the standard library knows names of much that is no charset of pages (punycode, whose
decoding takes quadratic time, and others), so only charsets that the web has are taken.
"""

import codecs
import re
from typing import Final

_USUAL: Final = "utf-8"
_DECLARED: Final = re.compile(rb"""<meta[^>]{0,256}?charset\s{0,16}=\s{0,16}["']?([a-z0-9_.:-]{1,40})""", re.IGNORECASE)
_DECLARATION_BYTES: Final = 1024
"""The first bytes of a page, which must have its declaration (HTML, 4.2.5.4)."""
_SINGLE_BYTE: Final = ("iso8859-", "cp125", "koi8-", "mac-cyrillic", "cp866", "cp874")
_KNOWN: Final = frozenset(
    (
        *("utf-8", "utf-16", "utf-16-le", "utf-16-be", "ascii"),
        *("shift_jis", "cp932", "euc_jp", "iso2022_jp", "euc_kr", "cp949", "gb2312", "gbk", "gb18030", "big5"),
    )
)


def decode_page(data: bytes, named: str) -> str:
    """Decode a page by the charset that its server names, else by the page's own word, else as UTF-8."""
    declared = _DECLARED.search(data, 0, _DECLARATION_BYTES)
    for name in (named, declared[1].decode("ascii") if declared is not None else ""):
        charset = _find_charset(name)
        if charset:
            return data.decode(charset, "replace")
    return data.decode(_USUAL, "replace")


def _find_charset(name: str) -> str:
    """Return the codec's name of a charset of the web, else an empty text."""
    try:
        found = codecs.lookup(name).name if name else ""
    except (LookupError, ValueError):  # ValueError for a NUL
        return ""
    return found if found in _KNOWN or found.startswith(_SINGLE_BYTE) else ""
