"""Permissions of members: the names of Discord's bits, and their computation from our entities.

`core_ext` has the algorithm; this module gives it the fields of guilds, roles and channels. Values are plain ints, in
which bits are tested as `permissions & Permission.X`. A loop over many members is faster with an int that is taken out
of the enum first.
"""

import enum
from collections.abc import Collection, Mapping
from typing import Final

from core.domain.channels.channel import TEXT_LIKE, VOCAL, Channel, ChannelType
from core.domain.guilds.guild import Guild
from core.domain.guilds.role import Role
from core_ext import guild as kernels


class Permission(enum.IntFlag):
    """The permissions, with Discord's bits."""

    CREATE_INSTANT_INVITE = 1 << 0
    KICK_MEMBERS = 1 << 1
    BAN_MEMBERS = 1 << 2
    ADMINISTRATOR = 1 << 3
    MANAGE_CHANNELS = 1 << 4
    MANAGE_GUILD = 1 << 5
    ADD_REACTIONS = 1 << 6
    VIEW_AUDIT_LOG = 1 << 7
    PRIORITY_SPEAKER = 1 << 8
    STREAM = 1 << 9
    VIEW_CHANNEL = 1 << 10
    SEND_MESSAGES = 1 << 11
    SEND_TTS_MESSAGES = 1 << 12
    MANAGE_MESSAGES = 1 << 13
    EMBED_LINKS = 1 << 14
    ATTACH_FILES = 1 << 15
    READ_MESSAGE_HISTORY = 1 << 16
    MENTION_EVERYONE = 1 << 17
    USE_EXTERNAL_EMOJIS = 1 << 18
    VIEW_GUILD_INSIGHTS = 1 << 19
    CONNECT = 1 << 20
    SPEAK = 1 << 21
    MUTE_MEMBERS = 1 << 22
    DEAFEN_MEMBERS = 1 << 23
    MOVE_MEMBERS = 1 << 24
    USE_VAD = 1 << 25
    CHANGE_NICKNAME = 1 << 26
    MANAGE_NICKNAMES = 1 << 27
    MANAGE_ROLES = 1 << 28
    MANAGE_WEBHOOKS = 1 << 29
    MANAGE_GUILD_EXPRESSIONS = 1 << 30
    USE_APPLICATION_COMMANDS = 1 << 31
    REQUEST_TO_SPEAK = 1 << 32
    MANAGE_EVENTS = 1 << 33
    MANAGE_THREADS = 1 << 34
    CREATE_PUBLIC_THREADS = 1 << 35
    CREATE_PRIVATE_THREADS = 1 << 36
    USE_EXTERNAL_STICKERS = 1 << 37
    SEND_MESSAGES_IN_THREADS = 1 << 38
    USE_EMBEDDED_ACTIVITIES = 1 << 39
    MODERATE_MEMBERS = 1 << 40
    VIEW_CREATOR_MONETIZATION_ANALYTICS = 1 << 41
    USE_SOUNDBOARD = 1 << 42
    CREATE_GUILD_EXPRESSIONS = 1 << 43
    CREATE_EVENTS = 1 << 44
    USE_EXTERNAL_SOUNDS = 1 << 45
    SEND_VOICE_MESSAGES = 1 << 46
    SET_VOICE_CHANNEL_STATUS = 1 << 48
    SEND_POLLS = 1 << 49
    USE_EXTERNAL_APPS = 1 << 50
    PIN_MESSAGES = 1 << 51
    BYPASS_SLOWMODE = 1 << 52


ALL_PERMISSIONS: Final = kernels.ALL_PERMISSIONS
"""Every named bit. Values of requests are masked with it."""

TIMEOUT_ALLOWED: Final = kernels.TIMEOUT_ALLOWED
"""The permissions that a timed-out member keeps: viewing and reading."""

DEFAULT_EVERYONE: Final[int] = int(
    Permission.CREATE_INSTANT_INVITE
    | Permission.ADD_REACTIONS
    | Permission.STREAM
    | Permission.VIEW_CHANNEL
    | Permission.SEND_MESSAGES
    | Permission.EMBED_LINKS
    | Permission.ATTACH_FILES
    | Permission.READ_MESSAGE_HISTORY
    | Permission.MENTION_EVERYONE
    | Permission.USE_EXTERNAL_EMOJIS
    | Permission.CONNECT
    | Permission.SPEAK
    | Permission.USE_VAD
    | Permission.CHANGE_NICKNAME
    | Permission.USE_APPLICATION_COMMANDS
    | Permission.REQUEST_TO_SPEAK
    | Permission.CREATE_PUBLIC_THREADS
    | Permission.CREATE_PRIVATE_THREADS
    | Permission.USE_EXTERNAL_STICKERS
    | Permission.SEND_MESSAGES_IN_THREADS
    | Permission.USE_EMBEDDED_ACTIVITIES
    | Permission.USE_SOUNDBOARD
    | Permission.CREATE_GUILD_EXPRESSIONS
    | Permission.CREATE_EVENTS
    | Permission.USE_EXTERNAL_SOUNDS
    | Permission.SEND_VOICE_MESSAGES
    | Permission.SET_VOICE_CHANNEL_STATUS
    | Permission.SEND_POLLS
    | Permission.USE_EXTERNAL_APPS
)
"""The permissions of @everyone in a new guild, as at Discord."""

_TEXT = TEXT_LIKE | {ChannelType.FORUM, ChannelType.MEDIA}
_ADMINISTRATOR = int(Permission.ADMINISTRATOR)


def compute_base_permissions(
    *, guild: Guild, roles: Mapping[int, Role], user_id: int, role_ids: Collection[int], timed_out: bool = False
) -> int:
    """Return a member's permissions in the guild. `roles` are the guild's by id; ids of deleted roles are ignored."""
    everyone = roles[guild.id].permissions
    held = [roles[role_id].permissions for role_id in role_ids if role_id in roles]
    base = kernels.compute_base(user_id == guild.owner_id, everyone, held)
    if timed_out and not base & _ADMINISTRATOR:
        return base & TIMEOUT_ALLOWED
    return base


def compute_channel_permissions(
    *, base: int, channel: Channel, user_id: int, role_ids: Collection[int], timed_out: bool = False
) -> int:
    """Return a member's permissions in a channel, with implicit denials. `base` is of `compute_base_permissions`."""
    permissions = kernels.compute_channel(
        base, channel.guild_id, role_ids, user_id, channel.overwrites, timed_out=timed_out
    )
    return kernels.apply_implicit_denials(permissions, channel.type in _TEXT, channel.type in VOCAL)
