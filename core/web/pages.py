"""What a page says of itself for previews: OpenGraph, Twitter's cards, and plain HTML where it has neither.

Only the head is wanted, which is read until its end tag has come, or the bound of the page. Its tags are found by one
walk over the text, as the pages of strangers are also written to be slow to parse: a parser that builds a tree takes
time that grows with the square of how deep tags are nested. Each step of the walk goes on behind what it has looked at,
or ends it; the patterns give nothing back that they have taken.

    comment, script, style → passed over      title → its text      meta, link → attributes      body, end of head → end
"""

import html
import re
from collections.abc import AsyncIterator, Mapping
from typing import Final

import msgspec

TITLES: Final = ("og:title", "twitter:title")
DESCRIPTIONS: Final = ("og:description", "twitter:description", "description")
IMAGES: Final = ("og:image:secure_url", "og:image", "og:image:url", "twitter:image", "twitter:image:src")
VIDEOS: Final = ("og:video:secure_url", "og:video", "og:video:url")
OEMBED: Final = "application/json+oembed"

_END: Final = b"</head"
_MAX_TAGS: Final = 2000
"""Far more than a page has in its head."""
_COSTLY: Final = "<="
_MAX_COSTLY: Final = 40_000
"""A page is looked at up to so many of these characters, those in scripts included. Each costs up to 0.4 µs, during
which nothing else runs: a mebibyte of them would be a third of a second."""
_MAX_TAG: Final = 16_384
"""A tag that is longer is passed over."""
_MAX_VALUE: Final = 4096
"""More than is shown of any text, and than an address may have."""

_TAG: Final = re.compile(r"<(?:(!--)|(/head|body|script|style|title|meta|link)(?=[\s/>]))", re.IGNORECASE)
_REST: Final = re.compile(r"""((?>[^=>]++|=\s*+(?>"[^"]*+"|'[^']*+'|))*+)>""")
"""The rest of a tag. A quote counts only behind an equals sign, and only when another one closes it."""
_ATTRIBUTE: Final = re.compile(r"""([^\s/>=]++)(?:\s*+=\s*+(?>"([^"]*+)"|'([^']*+)'|([^\s>]*+)))?""")
_CLOSING: Final = {name: re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE) for name in ("script", "style", "title")}


class PageFacts(msgspec.Struct, kw_only=True, frozen=True):
    """The facts as they are written; addresses may be relative, and numbers are text."""

    title: str = ""
    meta: Mapping[str, str] = {}
    """Contents by property or name, in small letters: the first of each that is not empty."""
    oembed: str = ""
    """The address of the page's oEmbed document."""

    def find(self, *names: str) -> str:
        """Return the content of the first of these names that the page has, else an empty text."""
        return next((self.meta[name] for name in names if name in self.meta), "")


async def read_head(pieces: AsyncIterator[bytes], max_bytes: int) -> bytes:
    """Return the bytes of a page until its head's end, or `max_bytes`. Raises what the pieces raise."""
    data = bytearray()
    async for piece in pieces:
        looked = max(len(data) - len(_END), 0)
        data += piece
        if _END in data[looked:].lower() or len(data) >= max_bytes:
            break
    return bytes(data[:max_bytes])


def parse_page(text: str) -> PageFacts:
    """Return what a page says of itself. What is no page says nothing."""
    for mark in _COSTLY:
        if text.count(mark) > _MAX_COSTLY:
            text = mark.join(text.split(mark, _MAX_COSTLY)[:_MAX_COSTLY])
    walk = _Walk(text)
    for _ in range(_MAX_TAGS):
        if not walk.step():
            break
    return PageFacts(title=walk.title, meta=walk.meta, oembed=walk.oembed)


class _Walk:
    """The walk over a text, and what was found so far."""

    __slots__ = ("_place", "_text", "meta", "oembed", "title")

    def __init__(self, text: str) -> None:
        self._text = text
        self._place = 0
        self.title = ""
        self.meta: dict[str, str] = {}
        self.oembed = ""

    def step(self) -> bool:
        """Go behind the next tag that counts. False at the end."""
        found = _TAG.search(self._text, self._place)
        if found is None:
            return False
        if found[1]:
            return self._pass("-->", found.end())
        name = found[2].lower()
        rest = _REST.match(self._text, found.end()) if name not in ("/head", "body") else None
        if rest is None:
            return False
        self._place = rest.end()
        if name in _CLOSING:
            return self._read_text(name)
        if len(rest[1]) <= _MAX_TAG:
            self._note(name, _read_attributes(rest[1]))
        return True

    def _pass(self, end: str, start: int) -> bool:
        place = self._text.find(end, start)
        self._place = place + len(end)
        return place >= 0

    def _read_text(self, name: str) -> bool:
        closing = _CLOSING[name].search(self._text, self._place)
        if closing is None:
            return False
        if name == "title" and not self.title:
            self.title = _decode(self._text[self._place : closing.start()])
        self._place = closing.end()
        return True

    def _note(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "link":
            if attributes.get("type", "").lower() == OEMBED and not self.oembed:
                self.oembed = attributes.get("href", "")
            return
        named = (attributes.get("property") or attributes.get("name") or "").lower()
        content = attributes.get("content", "")
        if named and content:
            self.meta.setdefault(named, content)


def _read_attributes(rest: str) -> dict[str, str]:
    """Return the values by names in small letters: the first of each name, as HTML says."""
    attributes: dict[str, str] = {}
    for name, *values in _ATTRIBUTE.findall(rest):
        attributes.setdefault(name.lower(), _decode("".join(values)))
    return attributes


def _decode(text: str) -> str:
    return html.unescape(text[:_MAX_VALUE]).strip()
