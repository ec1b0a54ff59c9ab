"""Embeds on the wire. Only the server makes providers and videos, and sizes and `proxy_url`s of media."""

from typing import Final

import msgspec
from msgspec import UNSET, UnsetType

NO_EMBEDS: Final = msgspec.Raw(b"[]")
"""The embeds of a message without any."""


class EmbedField(msgspec.Struct, kw_only=True):
    name: str
    value: str
    inline: bool


class EmbedFooter(msgspec.Struct, kw_only=True):
    text: str
    icon_url: str | UnsetType = UNSET
    proxy_icon_url: str | UnsetType = UNSET


class EmbedAuthor(msgspec.Struct, kw_only=True):
    name: str
    url: str | UnsetType = UNSET
    icon_url: str | UnsetType = UNSET
    proxy_icon_url: str | UnsetType = UNSET


class EmbedProvider(msgspec.Struct, kw_only=True):
    name: str
    url: str | UnsetType = UNSET


class EmbedMedia(msgspec.Struct, kw_only=True):
    """A picture or a video; sizes in pixels."""

    url: str
    proxy_url: str | UnsetType = UNSET
    width: int | UnsetType = UNSET
    height: int | UnsetType = UNSET
    content_type: str | UnsetType = UNSET
    description: str | UnsetType = UNSET


class Embed(msgspec.Struct, kw_only=True):
    """An embed on the wire (MessageEmbedResponse). Senders' are "rich"; the server makes all other types, of links."""

    type: str = "rich"
    title: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    url: str | UnsetType = UNSET
    timestamp: str | UnsetType = UNSET
    color: int | UnsetType = UNSET
    footer: EmbedFooter | UnsetType = UNSET
    image: EmbedMedia | UnsetType = UNSET
    thumbnail: EmbedMedia | UnsetType = UNSET
    video: EmbedMedia | UnsetType = UNSET
    provider: EmbedProvider | UnsetType = UNSET
    author: EmbedAuthor | UnsetType = UNSET
    fields: list[EmbedField] | UnsetType = UNSET
