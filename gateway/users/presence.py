"""Presence: that of one session, the merged one of a user's sessions, and the object for others. Pure.

```
 status          the first of dnd, online, idle that a session has; without any the user is offline for others
 client_status   the same, of the sessions on each platform
 activities      those of all sessions, the newest session's first; of the same one on two devices the newer
```

Invisible sessions count for nothing: they show neither status nor activities nor platform. The user's own sessions see
each session as it is (`core.wire.objects.people.session`).
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec

from core.wire.objects.people.presence import PresenceObject, PresenceUser
from gateway.commands.activity import CUSTOM, MAX_ACTIVITIES, Activity
from gateway.commands.presence_command import STATUSES, PresenceUpdate

_ORDER: Final = {"dnd": 0, "online": 1, "idle": 2, "invisible": 3, "offline": 4}
"""The order of statuses. Who asks on one device not to be disturbed means all of them; who is away from one device is
not away from the others."""

_HIDDEN: Final = frozenset({"invisible", "offline"})


class Presence(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """The presence that one session has set."""

    status: str = "online"
    activities: list[dict[str, Any]] = []
    """The activities as others see them."""
    afk: bool = False
    """Whether the user is away from this client. Only the user's own sessions see it."""


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
    if not activities and not command.afk:
        return _PLAIN[status]
    return Presence(
        status=status,
        activities=[render_activity(activity, now_ms=now_ms) for activity in activities],
        afk=bool(command.afk),
    )


def merge_presences(presences: Sequence[tuple[str, Presence]]) -> MergedPresence:
    """Merge the presences of a user's sessions, the oldest first, each with its platform."""
    shown = [(platform, presence) for platform, presence in presences if presence.status not in _HIDDEN]
    if not shown:
        return OFFLINE
    if (
        len(shown) == 1
        and not shown[0][1].activities
        and (plain := _PLAIN_MERGED.get((shown[0][0], shown[0][1].status)))
    ):
        return plain
    by_platform: dict[str, str] = {}
    for platform, presence in shown:
        known = by_platform.get(platform, "offline")
        by_platform[platform] = min(known, presence.status, key=lambda status: _ORDER[status])
    return MergedPresence(
        status=min(by_platform.values(), key=lambda status: _ORDER[status]),
        activities=unite_activities(presence for _, presence in reversed(shown)),
        client_status=by_platform,
    )


def unite_activities(presences: Iterable[Presence]) -> list[dict[str, Any]]:
    """Return the activities of all these sessions that are not invisible, in their order, each once."""
    united: dict[tuple[object, ...], dict[str, Any]] = {}
    for presence in presences:
        if presence.status in _HIDDEN:
            continue
        for activity in presence.activities:
            united.setdefault(_identify(activity), activity)
        if len(united) >= MAX_ACTIVITIES:
            break
    return list(united.values())[:MAX_ACTIVITIES]


def _identify(activity: dict[str, Any]) -> tuple[object, ...]:
    """Return what two devices have in common that show the same activity. A user has one custom status."""
    if activity.get("type") == CUSTOM:
        return (CUSTOM,)
    return activity.get("type"), activity.get("name"), activity.get("application_id")


def render_activity(activity: Activity, *, now_ms: int) -> dict[str, Any]:
    """Render an activity for others: the given fields, with a type, a name and a creation time in any case."""
    shown = {"created_at": now_ms, **_given(msgspec.to_builtins(activity))}
    if activity.application_id is not None:
        shown["application_id"] = str(activity.application_id)
    if activity.emoji is not None and activity.emoji.id is not None:
        shown["emoji"]["id"] = str(activity.emoji.id)
    return shown


def _given(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields that the client has given, within objects too."""
    return {
        name: _given(value) if isinstance(value, dict) else value for name, value in fields.items() if value is not None
    }


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
