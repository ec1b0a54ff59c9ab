"""Permission computation: Discord's algorithm on plain ints.

    owner -> all
    @everyone | every role of the member               (compute_base)
    ADMINISTRATOR -> all
    @everyone's overwrite: deny, then allow            (compute_channel)
    the roles' overwrites: all denies together, then all allows together
    the member's own overwrite: deny, then allow
    timed out -> only VIEW_CHANNEL and READ_MESSAGE_HISTORY are left
    a missing permission takes others with it          (apply_implicit_denials)

Permission values are unsigned 64-bit ints; another value raises OverflowError. The names of the bits are in
`core.domain.guilds.permissions`; this module has only those that the algorithm itself looks at.
Source: Discord's documentation, topic "Permissions" (permission hierarchy, overwrites, implicit permissions, timeouts).

Compiled as `core_ext.guild.permissions_c` with the types in `permissions_c.pxd`.
"""

from collections.abc import Collection, Iterable
from typing import Protocol

ADMINISTRATOR = 1 << 3
MANAGE_CHANNELS = 1 << 4
PRIORITY_SPEAKER = 1 << 8
STREAM = 1 << 9
VIEW_CHANNEL = 1 << 10
SEND_MESSAGES = 1 << 11
SEND_TTS_MESSAGES = 1 << 12
EMBED_LINKS = 1 << 14
ATTACH_FILES = 1 << 15
READ_MESSAGE_HISTORY = 1 << 16
MENTION_EVERYONE = 1 << 17
CONNECT = 1 << 20
SPEAK = 1 << 21
MUTE_MEMBERS = 1 << 22
DEAFEN_MEMBERS = 1 << 23
MOVE_MEMBERS = 1 << 24
USE_VAD = 1 << 25
MANAGE_ROLES = 1 << 28
REQUEST_TO_SPEAK = 1 << 32
USE_EMBEDDED_ACTIVITIES = 1 << 39
USE_SOUNDBOARD = 1 << 42
USE_EXTERNAL_SOUNDS = 1 << 45
SET_VOICE_CHANNEL_STATUS = 1 << 48

ALL_PERMISSIONS = ((1 << 53) - 1) & ~(1 << 47)
"""Every bit that Discord has given a meaning; 47 was withdrawn."""

TIMEOUT_ALLOWED = VIEW_CHANNEL | READ_MESSAGE_HISTORY

NEEDS_SEND = MENTION_EVERYONE | SEND_TTS_MESSAGES | ATTACH_FILES | EMBED_LINKS
"""The permissions that mean nothing without SEND_MESSAGES."""

NEEDS_CONNECT = (
    MANAGE_CHANNELS
    | MANAGE_ROLES
    | PRIORITY_SPEAKER
    | STREAM
    | SPEAK
    | MUTE_MEMBERS
    | DEAFEN_MEMBERS
    | MOVE_MEMBERS
    | USE_VAD
    | REQUEST_TO_SPEAK
    | USE_EMBEDDED_ACTIVITIES
    | USE_SOUNDBOARD
    | USE_EXTERNAL_SOUNDS
    | SET_VOICE_CHANNEL_STATUS
)
"""The permissions that mean nothing in a voice channel without CONNECT; at Discord MANAGE_CHANNELS is one."""


class OverwriteLike(Protocol):
    """The fields of an overwrite that are read: `type` is 0 for a role, 1 for a member."""

    @property
    def id(self) -> int: ...
    @property
    def type(self) -> int: ...
    @property
    def allow(self) -> int: ...
    @property
    def deny(self) -> int: ...


def _bits(value: int) -> int:
    if 0 <= value < 1 << 64:
        return value
    raise OverflowError("permissions are unsigned 64-bit ints")


def _compute_base(everyone: int, role_permissions: Iterable[int]) -> int:
    permissions = _bits(everyone)
    for role in role_permissions:
        permissions |= _bits(role)
    if permissions & ADMINISTRATOR:
        return ALL_PERMISSIONS
    return permissions


def compute_base(owner: bool, everyone: int, role_permissions: Iterable[int]) -> int:  # noqa: FBT001 - called positionally
    """Return a member's permissions in the guild: the union of @everyone's and those of its roles."""
    if owner:
        return ALL_PERMISSIONS
    return _compute_base(everyone, role_permissions)


def _apply_overwrites(
    base: int, everyone_id: int, role_ids: Collection[int], user_id: int, overwrites: Iterable[OverwriteLike]
) -> int:
    everyone_allow = everyone_deny = 0
    roles_allow = roles_deny = 0
    member_allow = member_deny = 0
    for overwrite in overwrites:
        target = overwrite.id
        if overwrite.type == 1:
            if target == user_id:
                member_allow = _bits(overwrite.allow)
                member_deny = _bits(overwrite.deny)
        elif target == everyone_id:
            everyone_allow = _bits(overwrite.allow)
            everyone_deny = _bits(overwrite.deny)
        elif target in role_ids:
            roles_allow |= _bits(overwrite.allow)
            roles_deny |= _bits(overwrite.deny)
    permissions = (base & ~everyone_deny) | everyone_allow
    permissions = (permissions & ~roles_deny) | roles_allow
    return (permissions & ~member_deny) | member_allow


def compute_channel(
    base: int,
    everyone_id: int,
    role_ids: Collection[int],
    user_id: int,
    overwrites: Iterable[OverwriteLike],
    *,
    timed_out: bool = False,
) -> int:
    """Return a member's permissions in a channel, before implicit denials.

    `base` is the result of `compute_base`; with ADMINISTRATOR in it, overwrites and timeouts count for nothing.
    `everyone_id` is the id of @everyone, the guild's. A set is best for `role_ids`.
    """
    if base & ADMINISTRATOR:
        return ALL_PERMISSIONS
    permissions = _apply_overwrites(_bits(base), everyone_id, role_ids, user_id, overwrites)
    if timed_out:
        permissions &= TIMEOUT_ALLOWED
    return permissions


def apply_implicit_denials(permissions: int, is_text: bool, is_voice: bool) -> int:  # noqa: FBT001 - called positionally
    """Take away the permissions that mean nothing without another one: all of them without VIEW_CHANNEL."""
    permissions = _bits(permissions)
    if not permissions & VIEW_CHANNEL:
        return 0
    if is_text and not permissions & SEND_MESSAGES:
        permissions &= ~NEEDS_SEND
    if is_voice and not permissions & CONNECT:
        permissions &= ~NEEDS_CONNECT
    return permissions
