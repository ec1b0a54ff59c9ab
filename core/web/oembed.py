"""oEmbed documents (oembed.com, version 1.0): what a site says of one of its pages. Their HTML is not used."""

from typing import Any, Final

import msgspec

MAX_BYTES: Final = 65_536
"""A document is a few hundred bytes, and some have a page's HTML in them."""


class OEmbed(msgspec.Struct, kw_only=True, frozen=True):
    """A document. Sites write numbers as text, and leave out what they do not know or write null."""

    type: str = ""
    title: str = ""
    author_name: str = ""
    author_url: str = ""
    provider_name: str = ""
    provider_url: str = ""
    thumbnail_url: str = ""
    thumbnail_width: str = ""
    thumbnail_height: str = ""
    url: str = ""
    """The picture, of the type `photo`."""
    width: str = ""
    height: str = ""


NOTHING: Final = OEmbed()

_decode: Final = msgspec.json.Decoder(dict[str, Any]).decode


def parse_oembed(data: bytes) -> OEmbed:
    """Return a document; one that says nothing for what is none."""
    try:
        fields = _decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return NOTHING
    return OEmbed(**{name: _as_text(fields.get(name)) for name in OEmbed.__struct_fields__})


def _as_text(value: object) -> str:
    if isinstance(value, str):
        return value.strip()
    return str(value) if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1 << 32 else ""
