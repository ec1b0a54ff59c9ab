"""The presence that people have settled in their settings, and how sessions take it.

A client that does not know the status when it identifies (it says "unknown") begins with the settled one. One that
brings no custom status begins with the settled one. Later the settings change on one device, or by HTTP alone: then all
sessions of the person follow. What a client says by op 3 stands until then.

Nothing here keeps time: a custom status that ends while sessions show it is taken away by the client that set it. One
that has ended is not taken up. Pure.
"""

from typing import Any, Final

import msgspec

from core.domain.people.status_settings import STATUSES, expiry_ms
from core.wire.objects.people.user_settings import UserSettingsObject
from gateway.commands.activity import CUSTOM, Activity, custom_status
from gateway.commands.presence_command import PresenceUpdate
from gateway.users.presence import Presence, plain_presence, render_activity


class SettledPresence(msgspec.Struct, kw_only=True, frozen=True):
    """The status of the settings (`UserSettingsObject`), and USER_SETTINGS_UPDATE as far as it is about the status."""

    status: str | msgspec.UnsetType | None = msgspec.UNSET
    custom_status: dict[str, Any] | msgspec.UnsetType | None = msgspec.UNSET


read_settled: Final = msgspec.json.Decoder(SettledPresence).decode


def settled_in(settings: UserSettingsObject) -> SettledPresence:
    """Return what whole settings say of the presence."""
    custom = settings.custom_status
    return SettledPresence(
        status=settings.status, custom_status=None if custom is None else msgspec.to_builtins(custom)
    )


def begin_settled(asked: PresenceUpdate | None, settled: SettledPresence, *, now_ms: int) -> PresenceUpdate:
    """Return the presence of a session that begins, from what its Identify asks for."""
    asked = asked or PresenceUpdate()
    activities = asked.all_activities
    custom = _find_custom(settled.custom_status, now_ms=now_ms)
    if custom is not None and not any(activity.type == CUSTOM for activity in activities):
        asked = msgspec.structs.replace(asked, activities=[*activities, custom])
    if asked.status is None and settled.status in STATUSES:
        asked = msgspec.structs.replace(asked, status=settled.status)
    return asked


def follow_settings(presence: Presence, settled: SettledPresence, *, now_ms: int) -> Presence:
    """Return a session's presence after a change of the settings. What they do not name stays."""
    status = settled.status if isinstance(settled.status, str) and settled.status in STATUSES else presence.status
    activities = presence.activities
    if not isinstance(settled.custom_status, msgspec.UnsetType):
        activities = [activity for activity in activities if activity["type"] != CUSTOM]
        custom = _find_custom(settled.custom_status, now_ms=now_ms)
        if custom is not None:
            activities.append(render_activity(custom, now_ms=now_ms))
    if not activities and not presence.afk:
        return plain_presence(status)
    return Presence(status=status, activities=activities, afk=presence.afk)


def _find_custom(given: dict[str, Any] | msgspec.UnsetType | None, *, now_ms: int) -> Activity | None:
    if not given:
        return None
    ends_ms = expiry_ms(given)
    return custom_status(given) if ends_ms is None or ends_ms > now_ms else None
