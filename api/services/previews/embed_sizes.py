"""The sizes of pictures in senders' embeds, which clients keep places for. Pure."""

from collections.abc import Iterator, Mapping
from typing import Final

import msgspec
from msgspec import UnsetType

from api.services.previews.stored_previews import SENT
from core.wire.objects.messages.embed import NO_EMBEDS, Embed, EmbedMedia

MAX_PICTURES: Final = 10
"""The pictures of one message that are measured; a message may name 20."""

_decode: Final = msgspec.json.Decoder(list[Embed]).decode
_encode: Final = msgspec.json.Encoder().encode


def list_unmeasured(embeds: msgspec.Raw) -> list[str]:
    """Return the addresses of pictures in senders' embeds that have a link through this server and no size."""
    if len(embeds) <= len(NO_EMBEDS) or b'"proxy_url":' not in bytes(embeds):
        return []
    urls = (medium.url for medium in _list_media(_decode(embeds)) if isinstance(medium.width, UnsetType))
    return list(dict.fromkeys(urls))[:MAX_PICTURES]


def put_sizes(embeds: msgspec.Raw, measured: Mapping[str, EmbedMedia]) -> msgspec.Raw:
    """Return the embeds with the sizes of the pictures with these addresses; the same bytes when there are none."""
    decoded, is_changed = _decode(embeds), False
    for medium in _list_media(decoded):
        found = measured.get(medium.url)
        if found is not None and isinstance(medium.width, UnsetType):
            medium.width, medium.height, medium.content_type = found.width, found.height, found.content_type
            is_changed = True
    return msgspec.Raw(_encode(decoded)) if is_changed else embeds


def _list_media(embeds: list[Embed]) -> Iterator[EmbedMedia]:
    for embed in embeds:
        for medium in (embed.image, embed.thumbnail) if embed.type == SENT else ():
            if not isinstance(medium, UnsetType) and not isinstance(medium.proxy_url, UnsetType):
                yield medium
