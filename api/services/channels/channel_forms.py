"""Bodies of requests about channels and their overwrites.

Features that are not built yet (tags of forums, threads) are marked, and refused when they are present and not empty.
"""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from api.forms.form import SnowflakeField
from api.forms.marks import text, unbuilt
from api.services.roles.role_forms import PermissionBits
from api.services.voice_regions import RtcRegion
from core.domain import texts
from core.domain.channels.channel import Overwrite
from core.domain.guilds.permissions import ALL_PERMISSIONS

ChannelName = Annotated[str, text(texts.CHANNEL_NAME)]
Topic = Annotated[str, text(texts.FORUM_TOPIC)]
"""The longest topic, which is a forum's. `channel_rules` has the bounds of other channels."""
Bitrate = Annotated[int, Meta(ge=8000, le=384_000)]
UserLimit = Annotated[int, Meta(ge=0, le=10_000)]
Slowmode = Annotated[int, Meta(ge=0, le=21_600)]
Position = Annotated[int, Meta(ge=0, le=0x7FFFFFFF)]
AutoArchive = Literal[60, 1440, 4320, 10080]
OverwriteType = Literal[0, 1, "0", "1", "role", "member"]

ForumPart = Annotated[Any, unbuilt("tags and default reactions of forums")]
ThreadPart = Annotated[Any, unbuilt("threads")]


class OverwriteForm(msgspec.Struct, kw_only=True):
    """An overwrite in the body of a channel."""

    id: SnowflakeField
    type: OverwriteType | None = None
    allow: PermissionBits | None = None
    deny: PermissionBits | None = None


class PutOverwrite(msgspec.Struct, kw_only=True):
    """PUT /channels/{channel}/permissions/{overwrite}."""

    type: OverwriteType | None = None
    allow: PermissionBits | None = None
    deny: PermissionBits | None = None


class CreateChannel(msgspec.Struct, kw_only=True):
    """POST /guilds/{guild}/channels."""

    name: ChannelName
    type: int | None = None
    position: Position | None = None
    topic: Topic | None = None
    bitrate: Bitrate | None = None
    user_limit: UserLimit | None = None
    nsfw: bool | None = None
    rate_limit_per_user: Slowmode | None = None
    parent_id: SnowflakeField | None = None
    permission_overwrites: Annotated[list[OverwriteForm], Meta(max_length=100)] | None = None
    rtc_region: RtcRegion | None = None
    video_quality_mode: Literal[1, 2] | None = None
    default_auto_archive_duration: AutoArchive | None = None
    default_thread_rate_limit_per_user: Slowmode | None = None
    default_sort_order: Literal[0, 1] | None = None
    default_forum_layout: Literal[0, 1, 2] | None = None
    default_reaction_emoji: ForumPart = None
    available_tags: ForumPart = None
    default_tag_setting: ForumPart = None


class UpdateChannel(msgspec.Struct, kw_only=True):
    """PATCH /channels/{channel}."""

    name: ChannelName | UnsetType | None = UNSET
    type: int | UnsetType | None = UNSET
    position: Position | UnsetType | None = UNSET
    topic: Topic | UnsetType | None = UNSET
    bitrate: Bitrate | UnsetType | None = UNSET
    user_limit: UserLimit | UnsetType | None = UNSET
    nsfw: bool | UnsetType | None = UNSET
    rate_limit_per_user: Slowmode | UnsetType | None = UNSET
    parent_id: SnowflakeField | UnsetType | None = UNSET
    permission_overwrites: Annotated[list[OverwriteForm], Meta(max_length=1000)] | UnsetType | None = UNSET
    rtc_region: RtcRegion | UnsetType | None = UNSET
    video_quality_mode: Literal[1, 2] | UnsetType | None = UNSET
    default_auto_archive_duration: AutoArchive | UnsetType | None = UNSET
    default_thread_rate_limit_per_user: Slowmode | UnsetType | None = UNSET
    default_sort_order: Literal[0, 1] | UnsetType | None = UNSET
    default_forum_layout: Literal[0, 1, 2] | UnsetType | None = UNSET
    flags: Annotated[int, Meta(ge=0, le=2147483647)] | UnsetType | None = UNSET
    default_reaction_emoji: ForumPart = None
    available_tags: ForumPart = None
    default_tag_setting: ForumPart = None
    applied_tags: ThreadPart = None
    archived: ThreadPart = None
    auto_archive_duration: ThreadPart = None
    invitable: ThreadPart = None
    locked: ThreadPart = None
    icon: str | UnsetType | None = UNSET
    """A group's picture, as a `data:` address."""
    owner: SnowflakeField | UnsetType | None = UNSET
    """Who a group is handed to."""


class ChannelPosition(msgspec.Struct, kw_only=True):
    """An element of PATCH /guilds/{guild}/channels."""

    id: SnowflakeField | None = None
    position: Position | None = None
    parent_id: SnowflakeField | UnsetType | None = UNSET
    lock_permissions: bool | None = None


def overwrite_type_of(given: int | str | None) -> int | None:
    """Return 0 for roles, 1 for members. Older clients write words."""
    return None if given is None else int(given in (1, "1", "member"))


def overwrite_of(form: OverwriteForm | PutOverwrite, overwrite_id: int, type_: int) -> Overwrite:
    """Return the form as an overwrite. Unknown bits are dropped, and an allowed bit is not denied."""
    allow = (form.allow or 0) & ALL_PERMISSIONS
    return Overwrite(overwrite_id, type_, allow, (form.deny or 0) & ALL_PERMISSIONS & ~allow)
