"""Answers about things that cannot exist here yet: empty lists, and settings of features that are off."""

from typing import Annotated

from msgspec import Meta, Struct

Nothing = Annotated[list[str], Meta(max_length=0)]
"""A list without elements."""


class NoItems(Struct, kw_only=True):
    """ListApplicationEmojisResponse and ListGuildSoundboardSoundsResponse."""

    items: Nothing = []


class NoThreads(Struct, kw_only=True):
    """ThreadsResponse."""

    threads: Nothing = []
    members: Nothing = []
    has_more: bool = False


class NoWelcomeScreen(Struct, kw_only=True):
    """GuildWelcomeScreenResponse of a guild without a welcome screen."""

    description: str | None = None
    welcome_channels: Nothing = []


class NoOnboarding(Struct, kw_only=True):
    """UserGuildOnboardingResponse of a guild without onboarding."""

    guild_id: str
    prompts: Nothing = []
    default_channel_ids: Nothing = []
    enabled: bool = False
    mode: int = 0


class NoWidget(Struct, kw_only=True):
    """WidgetSettingsResponse of a guild whose widget is off."""

    enabled: bool = False
    channel_id: str | None = None
