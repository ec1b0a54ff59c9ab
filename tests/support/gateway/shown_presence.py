"""A presence as a strict library of a typed language reads it: an unexpected type or field is an error."""

from typing import Any

import msgspec

from gateway.commands.activity import MAX_ACTIVITIES, MAX_TYPE


class ShownEmoji(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    id: str | msgspec.UnsetType = msgspec.UNSET
    animated: bool | msgspec.UnsetType = msgspec.UNSET


class ShownAssets(msgspec.Struct, forbid_unknown_fields=True):
    large_image: str | msgspec.UnsetType = msgspec.UNSET
    large_text: str | msgspec.UnsetType = msgspec.UNSET
    large_url: str | msgspec.UnsetType = msgspec.UNSET
    small_image: str | msgspec.UnsetType = msgspec.UNSET
    small_text: str | msgspec.UnsetType = msgspec.UNSET
    small_url: str | msgspec.UnsetType = msgspec.UNSET


class ShownParty(msgspec.Struct, forbid_unknown_fields=True):
    id: str | msgspec.UnsetType = msgspec.UNSET
    size: tuple[int, int] | msgspec.UnsetType = msgspec.UNSET


class ShownActivity(msgspec.Struct, forbid_unknown_fields=True):
    """An activity that a strict library accepts."""

    name: str
    type: int
    created_at: int
    url: str | msgspec.UnsetType = msgspec.UNSET
    state: str | msgspec.UnsetType = msgspec.UNSET
    details: str | msgspec.UnsetType = msgspec.UNSET
    timestamps: dict[str, int] | msgspec.UnsetType = msgspec.UNSET
    application_id: str | msgspec.UnsetType = msgspec.UNSET
    emoji: ShownEmoji | msgspec.UnsetType = msgspec.UNSET
    flags: int | msgspec.UnsetType = msgspec.UNSET
    state_url: str | msgspec.UnsetType = msgspec.UNSET
    details_url: str | msgspec.UnsetType = msgspec.UNSET
    assets: ShownAssets | msgspec.UnsetType = msgspec.UNSET
    party: ShownParty | msgspec.UnsetType = msgspec.UNSET
    buttons: list[str] | msgspec.UnsetType = msgspec.UNSET
    instance: bool | msgspec.UnsetType = msgspec.UNSET
    platform: str | msgspec.UnsetType = msgspec.UNSET
    session_id: str | msgspec.UnsetType = msgspec.UNSET
    sync_id: str | msgspec.UnsetType = msgspec.UNSET
    status_display_type: int | msgspec.UnsetType = msgspec.UNSET


def check_presence(shown: dict[str, Any]) -> None:
    """Check that `d` of PRESENCE_UPDATE is well-formed."""
    assert set(shown) == {"user", "guild_id", "status", "activities", "client_status"}
    assert shown["status"] in {"online", "idle", "dnd", "offline"}
    assert set(shown["client_status"].values()) <= {"online", "idle", "dnd"}
    assert len(shown["activities"]) <= MAX_ACTIVITIES
    for activity in shown["activities"]:
        msgspec.convert(activity, ShownActivity)
        assert activity["name"]
        assert 0 <= activity["type"] <= MAX_TYPE
