"""Embeds on the wire."""

import msgspec
from msgspec import UNSET, UnsetType


class EmbedField(msgspec.Struct, kw_only=True):
    name: str
    value: str
    inline: bool


class EmbedFooter(msgspec.Struct, kw_only=True):
    text: str
    icon_url: str | UnsetType = UNSET


class EmbedAuthor(msgspec.Struct, kw_only=True):
    name: str
    url: str | UnsetType = UNSET
    icon_url: str | UnsetType = UNSET


class EmbedMedia(msgspec.Struct, kw_only=True):
    url: str
    description: str | UnsetType = UNSET


class Embed(msgspec.Struct, kw_only=True):
    """An embed on the wire (MessageEmbedResponse)."""

    type: str = "rich"
    title: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    url: str | UnsetType = UNSET
    timestamp: str | UnsetType = UNSET
    color: int | UnsetType = UNSET
    footer: EmbedFooter | UnsetType = UNSET
    image: EmbedMedia | UnsetType = UNSET
    thumbnail: EmbedMedia | UnsetType = UNSET
    author: EmbedAuthor | UnsetType = UNSET
    fields: list[EmbedField] | UnsetType = UNSET
