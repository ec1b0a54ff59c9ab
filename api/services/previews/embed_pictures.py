"""Pictures of senders' embeds get links through this server, as those of previews have."""

from typing import Final

import msgspec
from msgspec import UnsetType

from api.services.previews.external_links import ExternalLinks
from core.wire.objects.messages.embed import Embed, EmbedAuthor, EmbedFooter, EmbedMedia

_WEB: Final = ("http://", "https://")

_decode: Final = msgspec.json.Decoder(list[Embed]).decode
_encode: Final = msgspec.json.Encoder().encode


class EmbedPictures:
    """Puts links into embeds; none when the server fetches nothing."""

    __slots__ = ("_links",)

    def __init__(self, *, links: ExternalLinks | None) -> None:
        self._links = links

    def link(self, embeds: msgspec.Raw) -> msgspec.Raw:
        """Return a JSON list of embeds in which each picture of the web has its `proxy_url`."""
        if self._links is None or b"url" not in bytes(embeds):
            return embeds
        decoded = _decode(embeds)
        for embed in decoded:
            self._link_media(embed.image)
            self._link_media(embed.thumbnail)
            self._link_icon(embed.author)
            self._link_icon(embed.footer)
        return msgspec.Raw(_encode(decoded))

    def _link_media(self, media: EmbedMedia | UnsetType) -> None:
        if self._links is not None and not isinstance(media, UnsetType) and _is_on_the_web(media.url):
            media.proxy_url = self._links.link_to(media.url)

    def _link_icon(self, part: EmbedAuthor | EmbedFooter | UnsetType) -> None:
        if self._links is None or isinstance(part, UnsetType) or isinstance(part.icon_url, UnsetType):
            return
        if _is_on_the_web(part.icon_url):
            part.proxy_icon_url = self._links.link_to(part.icon_url)


def _is_on_the_web(url: str) -> bool:
    return url.lower().startswith(_WEB)
