"""Bodies of requests about what people set for themselves."""

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from api.forms.marks import text
from api.forms.moments import Moment
from core.domain import texts
from core.wire.objects.people.guild_settings import MuteConfig, Told

UpdateUserSettings = dict[str, Any]
"""PATCH /users/@me/settings: any of the settings. Those that this server does not know are left out."""

_MAX_FLAGS = 2**53 - 1
Flags = Annotated[int, Meta(ge=0, le=_MAX_FLAGS)]


class UpdateSettingsProto(msgspec.Struct, kw_only=True):
    """PATCH /users/@me/settings-proto: a part of the settings in base64, and the version that it was made of."""

    settings: str
    required_data_version: int | None = None


class UpdateSettingsJson(msgspec.Struct, kw_only=True):
    """PATCH /users/@me/settings-proto/{kind}/json: a part of the settings by name, and the version it was made of."""

    settings: dict[str, Any]
    required_data_version: int | None = None


class MuteConfigForm(msgspec.Struct, kw_only=True):
    """Until when something is muted."""

    end_time: Moment | None = None
    selected_time_window: Annotated[float, Meta(ge=-1, le=2**31)] | None = None

    def render(self) -> MuteConfig:
        """Return it as it is kept and shown."""
        end = self.end_time
        return MuteConfig(
            end_time=None if end is None else end.isoformat(), selected_time_window=self.selected_time_window
        )


class ChannelOverrideForm(msgspec.Struct, kw_only=True):
    """What is to differ in one channel. `channel_id` is needed in a list only."""

    channel_id: str | int | None = None
    muted: bool | UnsetType = UNSET
    mute_config: MuteConfigForm | UnsetType | None = UNSET
    message_notifications: Told | UnsetType = UNSET
    collapsed: bool | UnsetType = UNSET
    flags: Flags | UnsetType = UNSET


class UpdateGuildSettings(msgspec.Struct, kw_only=True):
    """PATCH /users/@me/guilds/{guild}/settings."""

    muted: bool | UnsetType = UNSET
    mute_config: MuteConfigForm | UnsetType | None = UNSET
    message_notifications: Told | UnsetType = UNSET
    suppress_everyone: bool | UnsetType = UNSET
    suppress_roles: bool | UnsetType = UNSET
    mobile_push: bool | UnsetType = UNSET
    hide_muted_channels: bool | UnsetType = UNSET
    mute_scheduled_events: bool | UnsetType = UNSET
    notify_highlights: Annotated[int, Meta(ge=0, le=2)] | UnsetType = UNSET
    flags: Flags | UnsetType = UNSET
    channel_overrides: dict[str, ChannelOverrideForm] | list[ChannelOverrideForm] | UnsetType | None = UNSET


class UpdateAllGuildSettings(msgspec.Struct, kw_only=True):
    """PATCH /users/@me/guilds/settings, keyed by guild id; `@me` is direct messages."""

    guilds: Annotated[dict[str, UpdateGuildSettings], Meta(max_length=200)]


class UpdateNotificationSettings(msgspec.Struct, kw_only=True):
    """PATCH /users/@me/notification-settings."""

    flags: Flags


class PutNote(msgspec.Struct, kw_only=True):
    """PUT /users/@me/notes/{user}. An empty note is none."""

    note: Annotated[str, text(texts.NOTE)] | None = None


class UpdateProfile(msgspec.Struct, kw_only=True):
    """PATCH /users/@me/profile."""

    bio: Annotated[str, text(texts.BIO)] | UnsetType | None = UNSET
    pronouns: Annotated[str, text(texts.PRONOUNS)] | UnsetType | None = UNSET
    accent_color: Annotated[int, Meta(ge=0, le=0xFFFFFF)] | UnsetType | None = UNSET
