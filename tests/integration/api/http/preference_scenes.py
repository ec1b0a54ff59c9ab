"""Valid requests for routes and fields of what people set for themselves; see `field_scenes`."""

from typing import Any, Final

from tests.integration.api.http.field_ground import Ground
from tests.integration.api.http.field_walk import Prepare, Prepared, Route
from tests.support.embedded_api import ApiUnderTest

_MUTE: Final = {"end_time": "2027-01-01T00:00:00+00:00", "selected_time_window": 60}
_CHANNEL: Final = "channel_overrides[]"
_VALUES: Final[dict[str, list[Any]]] = {
    "mute_config": [_MUTE],
    "mute_config.end_time": [None],
    "mute_config.selected_time_window": [120],
    "message_notifications": [1],
    "notify_highlights": [2],
    "mobile_push": [False],
    "channel_overrides": [[{"channel_id": "5"}]],
    f"{_CHANNEL}.channel_id": ["6"],
    f"{_CHANNEL}.mute_config": [_MUTE],
    f"{_CHANNEL}.mute_config.end_time": [None],
    f"{_CHANNEL}.mute_config.selected_time_window": [120],
    f"{_CHANNEL}.message_notifications": [1],
}
_PARENTS: Final = {
    "mute_config": _MUTE,
    _CHANNEL: {"channel_id": "5"},
    f"{_CHANNEL}.mute_config": _MUTE,
}


async def update_guild_settings(api: ApiUnderTest, _field: str) -> Prepared:
    ground = await Ground.build(api)
    return ground.request(f"/users/@me/guilds/{ground.place.guild_id}/settings", {}, parents=_PARENTS, values=_VALUES)


async def update_all_guild_settings(api: ApiUnderTest, _field: str) -> Prepared:
    ground = await Ground.build(api)
    values = {"guilds": [{"@me": {"muted": True}}]}
    return ground.request("/users/@me/guilds/settings", {"guilds": {}}, values=values)


async def update_notification_settings(api: ApiUnderTest, _field: str) -> Prepared:
    ground = await Ground.build(api)
    return ground.request("/users/@me/notification-settings", {"flags": 0}, values={"flags": [16]})


async def update_read_receipts(api: ApiUnderTest, _field: str) -> Prepared:
    ground = await Ground.build(api)
    return ground.request("/users/@me/read-receipts", {"enabled": False}, values={"enabled": [True]})


async def update_settings_proto(api: ApiUnderTest, _field: str) -> Prepared:
    ground = await Ground.build(api)
    path = "/users/@me/settings-proto/1"
    for _ in range(2):
        await ground.owner.patch(path, {"settings": "EAE="})
    values = {"settings": ["EAI="], "required_data_version": [1]}
    return ground.request(path, {"settings": "EAE="}, values=values)


async def update_settings_json(api: ApiUnderTest, _field: str) -> Prepared:
    ground = await Ground.build(api)
    path = "/users/@me/settings-proto/1/json"
    body = {"settings": {"status": {"status": "idle"}}}
    for _ in range(2):
        await ground.owner.patch(path, body)
    values = {"settings": [{"status": {"status": "dnd"}}], "required_data_version": [1]}
    return ground.request(path, body, values=values)


async def put_note(api: ApiUnderTest, _field: str) -> Prepared:
    ground = await Ground.build(api)
    return ground.request(
        f"/users/@me/notes/{ground.member.id}", {}, values={"note": ["walked"]}, looks=["/users/@me/notes"]
    )


async def put_last_seen(api: ApiUnderTest, _field: str) -> Prepared:
    ground = await Ground.build(api)
    return ground.request("/users/@me/last-seen", {}, values={"seen_by": ["acquaintances"]})


async def update_profile(api: ApiUnderTest, _field: str) -> Prepared:
    ground = await Ground.build(api)
    values = {"bio": ["walked"], "pronouns": ["they"], "accent_color": [5]}
    return ground.request("/users/@me/profile", {}, values=values)


async def get_own_profile(api: ApiUnderTest, _field: str) -> Prepared:
    ground = await Ground.build(api)
    return ground.request("/users/@me/profile", values={"guild_id": [str(ground.place.guild_id)]})


async def get_profile(api: ApiUnderTest, _field: str) -> Prepared:
    ground = await Ground.build(api)
    return ground.request(f"/users/{ground.member.id}/profile", values={"guild_id": [str(ground.place.guild_id)]})


SCENES: Final[dict[Route, Prepare]] = {
    ("GET", "/users/@me/profile"): get_own_profile,
    ("GET", "/users/{user_id}/profile"): get_profile,
    ("PATCH", "/users/@me/guilds/settings"): update_all_guild_settings,
    ("PATCH", "/users/@me/guilds/{guild}/settings"): update_guild_settings,
    ("PATCH", "/users/@me/notification-settings"): update_notification_settings,
    ("PATCH", "/users/@me/read-receipts"): update_read_receipts,
    ("PATCH", "/users/@me/profile"): update_profile,
    ("PATCH", "/users/@me/settings-proto/{kind}"): update_settings_proto,
    ("PATCH", "/users/@me/settings-proto/{kind}/json"): update_settings_json,
    ("PUT", "/users/@me/last-seen"): put_last_seen,
    ("PUT", "/users/@me/notes/{user_id}"): put_note,
}
