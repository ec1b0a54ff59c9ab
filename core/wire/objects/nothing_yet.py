"""Answers to what people's clients ask at their start of features that are not here: empty, in the right shape."""

from msgspec import Struct

from core.wire.objects.empty_list import Nothing


class NoTrendingGifs(Struct, kw_only=True):
    """GET /gifs/trending."""

    categories: Nothing = []
    gifs: Nothing = []


class NoConnections(Struct, kw_only=True):
    """GET /connections: the kinds of accounts elsewhere that can be connected."""


class NoDiscoverableGuilds(Struct, kw_only=True):
    """GET /discoverable-guilds."""

    guilds: Nothing = []
    total: int = 0
    offset: int = 0
    limit: int = 0


class NoExperiments(Struct, kw_only=True):
    """GET /experiments."""

    assignments: Nothing = []
    guild_experiments: Nothing = []


class NoStickerPacks(Struct, kw_only=True):
    """StickerPackCollectionResponse."""

    sticker_packs: Nothing = []


class NoUserAffinities(Struct, kw_only=True):
    """GET /users/@me/affinities/users."""

    user_affinities: Nothing = []
    inverse_user_affinities: Nothing = []


class NoGuildAffinities(Struct, kw_only=True):
    """GET /users/@me/affinities/guilds."""

    guild_affinities: Nothing = []
