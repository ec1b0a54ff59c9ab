"""A person's settings of a guild on the wire: what is muted, and of what the person is told."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Told = Literal[0, 1, 2, 3]
"""Of what a person is told: everything, mentions, nothing, or as the guild (the channel: as its parent) says."""


class MuteConfig(msgspec.Struct, kw_only=True):
    """Until when something is muted, and the span in seconds that was chosen for it; -1 is for ever."""

    end_time: Annotated[str, Meta(max_length=64)] | None = None
    selected_time_window: Annotated[float, Meta(ge=-1, le=2**31)] | None = None


class ChannelOverrideObject(msgspec.Struct, kw_only=True):
    """What differs in one channel."""

    channel_id: str
    muted: bool = False
    mute_config: MuteConfig | None = None
    message_notifications: Told = 3
    collapsed: bool = False
    flags: int = 0


class GuildSettingsObject(msgspec.Struct, kw_only=True):
    """An entry of `user_guild_settings`. Without a guild it is of direct messages."""

    guild_id: str | None = None
    version: int = 0
    muted: bool = False
    mute_config: MuteConfig | None = None
    message_notifications: Told = 3
    suppress_everyone: bool = False
    suppress_roles: bool = False
    mobile_push: bool = True
    hide_muted_channels: bool = False
    mute_scheduled_events: bool = False
    notify_highlights: Literal[0, 1, 2] = 0
    flags: int = 0
    channel_overrides: list[ChannelOverrideObject] = []


_decode = msgspec.json.Decoder(GuildSettingsObject).decode


def parse_guild_settings(entry: str, *, guild_id: int, version: int) -> GuildSettingsObject:
    """Return the object of a stored entry. `guild_id` is 0 for direct messages."""
    shown = _decode(entry)
    shown.guild_id = str(guild_id) if guild_id else None
    shown.version = version
    return shown
