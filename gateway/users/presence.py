"""Presence: that of one session, the merged one of a user's sessions, and the object for others. Pure."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from core.wire.objects.presence import PresenceObject, PresenceUser
from gateway.commands.presence_command import STATUSES, Activity, PresenceUpdate

_ORDER: Final = {"online": 0, "idle": 1, "dnd": 2, "invisible": 3, "offline": 4}
"""The order of statuses. Of several sessions the first one in this order decides."""

_HIDDEN: Final = frozenset({"invisible", "offline"})


class Presence(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """The presence that one session has set."""

    status: str = "online"
    activities: list[dict[str, Any]] = []
    """The activities as others see them."""


class MergedPresence(msgspec.Struct, kw_only=True, frozen=True):
    """The presence of a user as others see it. `client_status` has platform → status."""

    status: str = "offline"
    activities: list[dict[str, Any]] = []
    client_status: dict[str, str] = {}


OFFLINE: Final = MergedPresence()

_PLAIN: Final = {status: Presence(status=status) for status in _ORDER}
"""The presences without activities, which most sessions have. All sessions share these objects."""

_PLAIN_MERGED: Final = {
    (platform, status): MergedPresence(status=status, client_status={platform: status})
    for platform in ("desktop", "mobile", "web")
    for status in _ORDER
    if status not in _HIDDEN
}
"""The merged presences of users with one such session."""


def plain_presence(status: str) -> Presence:
    """Return the presence of a session that has only a status."""
    return _PLAIN[status]


def from_command(command: PresenceUpdate | None, *, now_ms: int) -> Presence:
    """Make the presence that a client's op 3 or Identify asks for; online when it asks for none."""
    if command is None:
        return _PLAIN["online"]
    status = command.status if command.status in STATUSES else "online"
    activities = command.all_activities
    if not activities:
        return _PLAIN[status]
    return Presence(
        status=status,
        activities=[render_activity(activity, now_ms=now_ms) for activity in activities],
    )


def merge_presences(presences: Sequence[tuple[str, Presence]]) -> MergedPresence:
    """Merge the presences of a user's sessions, each with its platform. Without any the user is offline."""
    if not presences:
        return OFFLINE
    best = min((presence for _, presence in presences), key=lambda presence: _ORDER[presence.status])
    if best.status in _HIDDEN:
        return OFFLINE
    if len(presences) == 1 and not best.activities and (plain := _PLAIN_MERGED.get((presences[0][0], best.status))):
        return plain
    by_platform: dict[str, str] = {}
    for platform, presence in presences:
        if presence.status not in _HIDDEN:
            known = by_platform.get(platform, "offline")
            by_platform[platform] = min(known, presence.status, key=lambda status: _ORDER[status])
    return MergedPresence(
        status=best.status,
        activities=best.activities,
        client_status=by_platform,
    )


def render_activity(activity: Activity, *, now_ms: int) -> dict[str, Any]:
    """Render an activity for others: the given fields, with a type, a name and a creation time in any case."""
    shown: dict[str, Any] = {"created_at": now_ms, **_given(activity)}
    if activity.application_id is not None:
        shown["application_id"] = str(activity.application_id)
    if activity.emoji is not None:
        shown["emoji"] = _given(activity.emoji)
        if activity.emoji.id is not None:
            shown["emoji"]["id"] = str(activity.emoji.id)
    return shown


def _given(said: msgspec.Struct) -> dict[str, Any]:
    """Return the fields that the client has given."""
    fields: dict[str, Any] = msgspec.to_builtins(said)
    return {name: value for name, value in fields.items() if value is not None}


def render_presence(user_id: int, presence: MergedPresence, guild_id: int | None = None) -> PresenceObject:
    """Render the object for a guild's event, or without `guild_id` for GUILD_CREATE."""
    return PresenceObject(
        user=PresenceUser(id=str(user_id)),
        guild_id=msgspec.UNSET if guild_id is None else str(guild_id),
        status=presence.status,
        activities=presence.activities,
        client_status=presence.client_status,
    )


def render_friends_presence(user_id: int, presence: MergedPresence) -> PresenceObject:
    """Render the object for a friend, which newer clients look up by `user_id`."""
    rendered = render_presence(user_id, presence)
    rendered.user_id = rendered.user.id
    return rendered
