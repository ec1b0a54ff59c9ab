"""What people's clients ask at their start of features that this server does not have.

They take an error for the list that they asked for, and fail. The answers are truly empty. What clients tell of
themselves (`/science`, `/metrics`) is not read.
"""

from collections.abc import Sequence
from typing import Final

from api.http.route import Route, get, post
from api.services.caller import Caller
from core.wire.objects.empty_list import Nothing
from core.wire.objects.nothing_yet import (
    NoConnections,
    NoDiscoverableGuilds,
    NoExperiments,
    NoGuildAffinities,
    NoStickerPacks,
    NoTrendingGifs,
    NoUserAffinities,
)


@get(
    "/gifs",
    "/gifs/search",
    "/gifs/trending-gifs",
    "/gifs/suggest",
    "/teams",
    "/users/@me/billing/payment-sources",
    "/users/@me/billing/payments",
    "/users/@me/billing/subscriptions",
    "/users/@me/library",
)
async def list_nothing(caller: Caller) -> Nothing:  # noqa: ARG001 - asking for the caller is what wants a token
    """Pictures, teams and purchases."""
    return []


@get("/gifs/trending")
async def list_trending_gifs(caller: Caller) -> NoTrendingGifs:  # noqa: ARG001
    """Pictures that many send."""
    return NoTrendingGifs()


@get("/connections")
async def list_connection_kinds(caller: Caller) -> NoConnections:  # noqa: ARG001
    """The kinds of accounts elsewhere that can be connected."""
    return NoConnections()


@get("/discoverable-guilds")
async def list_discoverable_guilds(caller: Caller) -> NoDiscoverableGuilds:  # noqa: ARG001
    """Guilds that anybody may find."""
    return NoDiscoverableGuilds()


@get("/experiments", is_public=True)
async def list_experiments() -> NoExperiments:
    """Trials of features."""
    return NoExperiments()


@get("/sticker-packs", is_public=True)
async def list_sticker_packs() -> NoStickerPacks:
    """Stickers that everybody has."""
    return NoStickerPacks()


@get("/users/@me/affinities/users")
async def list_user_affinities(caller: Caller) -> NoUserAffinities:  # noqa: ARG001
    """People with whom the caller talks most."""
    return NoUserAffinities()


@get("/users/@me/affinities/guilds")
async def list_guild_affinities(caller: Caller) -> NoGuildAffinities:  # noqa: ARG001
    """Guilds in which the caller talks most."""
    return NoGuildAffinities()


@post("/science", "/metrics", "/metrics/v2", status=204, is_public=True)
async def ignore_report() -> None:
    """What a client measures of its user. Nothing of it is read."""


ROUTES: Final[Sequence[Route]] = (
    list_nothing,
    list_trending_gifs,
    list_connection_kinds,
    list_discoverable_guilds,
    list_experiments,
    list_sticker_packs,
    list_user_affinities,
    list_guild_affinities,
    ignore_report,
)
