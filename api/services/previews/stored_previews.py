"""The embeds of a message: first those of its sender, which are "rich", then the previews of its links, in their order.

A message's stored embeds are JSON. A preview belongs to the link that is its `url`, and goes when the link does.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from api.services.previews.links import find_links
from core.wire.objects.messages.embed import NO_EMBEDS, Embed

MAX_EMBEDS: Final = 10
"""The most embeds of a message."""
SENT: Final = "rich"
"""The type of embeds that senders make, and never a preview's."""

_decode: Final = msgspec.json.Decoder(list[Embed]).decode
_encode: Final = msgspec.json.Encoder().encode


def find_missing(content: str, embeds: msgspec.Raw) -> list[str]:
    """Return the links of a text that have no preview among the embeds."""
    links = find_links(content)
    if not links or _is_none(embeds):
        return links
    shown = _find_previews(_decode(embeds))
    return [link for link in links if link not in shown]


def add_previews(content: str, embeds: msgspec.Raw, found: Mapping[str, Embed]) -> msgspec.Raw:
    """Return the embeds with the previews that were found of links that the text has now."""
    stored = _decode(embeds)
    return _put_together(content, stored, {**_find_previews(stored), **found})


def keep_previews(content: str, sent: msgspec.Raw, stored: msgspec.Raw) -> msgspec.Raw:
    """Return the embeds of an edited message: the sender's of `sent`, and those stored previews whose links it has."""
    if _is_none(stored):
        return sent
    return _put_together(content, _decode(sent), _find_previews(_decode(stored)))


def _put_together(content: str, embeds: Sequence[Embed], previews: Mapping[str, Embed]) -> msgspec.Raw:
    own = [embed for embed in embeds if embed.type == SENT]
    shown = [previews[link] for link in find_links(content) if link in previews]
    return msgspec.Raw(_encode([*own, *shown][:MAX_EMBEDS]))


def _find_previews(embeds: Sequence[Embed]) -> dict[str, Embed]:
    return {embed.url: embed for embed in embeds if embed.type != SENT and isinstance(embed.url, str)}


def _is_none(embeds: msgspec.Raw) -> bool:
    return len(embeds) <= len(NO_EMBEDS)
