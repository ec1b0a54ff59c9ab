"""Previews as embeds: what is made of a page's facts, of its oEmbed document, and of a picture.

An embed's `url` is the link as the message has it, so it tells which link an embed belongs to. Pages without a title, a
description and a picture get none.
"""

from typing import Final

import msgspec
from msgspec import UNSET, UnsetType
from yarl import URL

from api.services.previews.external_links import ExternalLinks
from api.services.previews.preview_texts import (
    MAX_DESCRIPTION,
    MAX_NAME,
    MAX_TITLE,
    clean_line,
    clean_lines,
    parse_color,
    parse_side,
)
from core.web.address_rules import AddressRules
from core.web.errors import RefusedTarget
from core.web.oembed import OEmbed
from core.web.pages import DESCRIPTIONS, IMAGES, TITLES, VIDEOS, PageFacts
from core.web.targets import resolve_target
from core.wire.objects.messages.embed import Embed, EmbedAuthor, EmbedMedia, EmbedProvider

_LARGE_CARD: Final = "summary_large_image"
_PLAYER: Final = "player"

IMAGE: Final = "image"
"""The type of the embed of a link to a picture."""


class Picture(msgspec.Struct, kw_only=True, frozen=True):
    """A picture that was looked at."""

    url: str
    content_type: str
    size: tuple[int, int] | None


class PreviewEmbeds:
    """Makes embeds."""

    __slots__ = ("_links", "_rules")

    def __init__(self, *, links: ExternalLinks, rules: AddressRules) -> None:
        self._links = links
        self._rules = rules

    def show_picture(self, link: str, picture: Picture) -> Embed:
        """Make the embed of a link to a picture."""
        return Embed(type=IMAGE, url=link, thumbnail=self.show_media(picture))

    def show_video(self, link: str, url: str, content_type: str) -> Embed:
        """Make the embed of a link to a video, which clients get from where it is."""
        return Embed(type="video", url=link, video=EmbedMedia(url=url, content_type=content_type))

    def show_page(self, link: str, base: URL, facts: PageFacts, document: OEmbed) -> Embed | None:
        """Make the embed of a link to a page, which was found at `base`; None when the page says too little."""
        title = clean_line(facts.find(*TITLES) or document.title or facts.title, MAX_TITLE)
        description = clean_lines(facts.find(*DESCRIPTIONS), MAX_DESCRIPTION)
        thumbnail = self._show_thumbnail(base, facts, document)
        if not title and not description and isinstance(thumbnail, UnsetType):
            return None
        video = self._show_video_of(base, facts)
        color = parse_color(facts.find("theme-color"))
        return Embed(
            type=_find_type(facts, document, has_video=not isinstance(video, UnsetType)),
            url=link,
            title=title or UNSET,
            description=description or UNSET,
            color=UNSET if color is None else color,
            provider=self._show_provider(base, facts, document),
            author=self._show_author(base, document),
            thumbnail=thumbnail,
            video=video,
        )

    def show_media(self, picture: Picture) -> EmbedMedia:
        """Make the medium of a picture that was looked at."""
        width, height = picture.size or (UNSET, UNSET)
        return EmbedMedia(
            url=picture.url,
            proxy_url=self._links.link_to(picture.url),
            width=width,
            height=height,
            content_type=picture.content_type or UNSET,
        )

    def _show_thumbnail(self, base: URL, facts: PageFacts, document: OEmbed) -> EmbedMedia | UnsetType:
        photo = document.url if document.type == "photo" else ""
        named = self._find_url(base, facts.find(*IMAGES))
        if named:
            sides = facts.find("og:image:width"), facts.find("og:image:height")
        else:
            named = self._find_url(base, photo or document.thumbnail_url)
            sides = (
                (document.width, document.height) if photo else (document.thumbnail_width, document.thumbnail_height)
            )
        if not named:
            return UNSET
        medium = EmbedMedia(url=named, proxy_url=self._links.link_to(named))
        description = clean_line(facts.find("og:image:alt", "twitter:image:alt"), MAX_DESCRIPTION)
        medium.description = description or UNSET
        return _with_sides(medium, *sides)

    def _show_video_of(self, base: URL, facts: PageFacts) -> EmbedMedia | UnsetType:
        url = self._find_url(base, facts.find(*VIDEOS) or facts.find("twitter:player"))
        if not url:
            return UNSET
        prefix = "og:video" if facts.find(*VIDEOS) else "twitter:player"
        return _with_sides(EmbedMedia(url=url), facts.find(f"{prefix}:width"), facts.find(f"{prefix}:height"))

    def _show_provider(self, base: URL, facts: PageFacts, document: OEmbed) -> EmbedProvider | UnsetType:
        name = clean_line(facts.find("og:site_name") or document.provider_name, MAX_NAME)
        return EmbedProvider(name=name, url=self._find_url(base, document.provider_url) or UNSET) if name else UNSET

    def _show_author(self, base: URL, document: OEmbed) -> EmbedAuthor | UnsetType:
        name = clean_line(document.author_name, MAX_NAME)
        return EmbedAuthor(name=name, url=self._find_url(base, document.author_url) or UNSET) if name else UNSET

    def _find_url(self, base: URL, text: str) -> str:
        """Return an address that the page names, else an empty text for one that is none of the web."""
        if not text:
            return ""
        try:
            return str(resolve_target(base, text, self._rules))
        except RefusedTarget:
            return ""


def _find_type(facts: PageFacts, document: OEmbed, *, has_video: bool) -> str:
    kind, card = facts.find("og:type"), facts.find("twitter:card")
    if has_video and (card == _PLAYER or kind.startswith("video") or document.type == "video"):
        return "video"
    is_article = kind == "article" or card == _LARGE_CARD
    return "article" if is_article or document.type == "photo" else "link"


def _with_sides(medium: EmbedMedia, width: str, height: str) -> EmbedMedia:
    sides = parse_side(width), parse_side(height)
    if sides[0] and sides[1]:
        medium.width, medium.height = sides[0], sides[1]
    return medium
