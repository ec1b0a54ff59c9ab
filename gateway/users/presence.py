"""Presence: what a session says of its user, what the user's sessions make together, and how others are told. Pure."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from core.wire.objects.presence import PresenceObject, PresenceUser
from gateway.commands.presence_command import STATUSES, Activity, PresenceUpdate

_ORDER: Final = {"online": 0, "idle": 1, "dnd": 2, "invisible": 3, "offline": 4}
"""Of several sessions the first in this order decides."""

_HIDDEN: Final = frozenset({"invisible", "offline"})


class Presence(msgspec.Struct, kw_only=True, frozen=True):
    """What one session says."""

    status: str = "online"
    activities: list[dict[str, Any]] = []
    """As others see them."""


class MergedPresence(msgspec.Struct, kw_only=True, frozen=True):
    """What others see of a user. `client_status` has platform → status."""

    status: str = "offline"
    activities: list[dict[str, Any]] = []
    client_status: dict[str, str] = {}


OFFLINE: Final = MergedPresence()

_PLAIN: Final = {status: Presence(status=status) for status in _ORDER}
"""Most sessions say no more than a status: these are theirs, one object for all."""

_PLAIN_MERGED: Final = {
    (platform, status): MergedPresence(status=status, client_status={platform: status})
    for platform in ("desktop", "mobile", "web")
    for status in _ORDER
    if status not in _HIDDEN
}
"""What becomes of them when there is one session."""


def plain_presence(status: str) -> Presence:
    """A session's that says no more than its status."""
    return _PLAIN[status]


def from_command(command: PresenceUpdate | None, *, now_ms: int) -> Presence:
    """The presence that a client's op 3 or Identify asks for; online when it asks for none."""
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
    """The presences of a user's sessions, each with its platform, as one. Without any the user is offline."""
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
    """An activity for others: what was given, with a type, a name and a creation time in any case."""
    shown: dict[str, Any] = {"created_at": now_ms, **_given(activity)}
    if activity.application_id is not None:
        shown["application_id"] = str(activity.application_id)
    if activity.emoji is not None:
        shown["emoji"] = _given(activity.emoji)
        if activity.emoji.id is not None:
            shown["emoji"]["id"] = str(activity.emoji.id)
    return shown


def _given(said: msgspec.Struct) -> dict[str, Any]:
    """The fields that were said at all."""
    fields: dict[str, Any] = msgspec.to_builtins(said)
    return {name: value for name, value in fields.items() if value is not None}


def render_presence(user_id: int, presence: MergedPresence, guild_id: int | None = None) -> PresenceObject:
    """The object for a guild, or for GUILD_CREATE."""
    return PresenceObject(
        user=PresenceUser(id=str(user_id)),
        guild_id=msgspec.UNSET if guild_id is None else str(guild_id),
        status=presence.status,
        activities=presence.activities,
        client_status=presence.client_status,
    )
