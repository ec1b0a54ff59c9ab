"""Settings in both forms, settings of notifications, and what other devices hear of them."""

import base64
from typing import Any

import pytest

from tests.support.embedded_api import ApiUnderTest
from tests.support.guild_scene import error_code, form_code


def encoded(*fields: bytes) -> str:
    return base64.b64encode(b"".join(fields)).decode()


STATUS = b"\x5a\x08\x0a\x06\x0a\x04idle"
"""Field 11 with a message in it."""
UNKNOWN = b"\xf2\x0c\x03abc"
"""Field 206, which no client has."""


def versions(data_version: int) -> bytes:
    return b"\x0a\x02\x18" + bytes((data_version,))


def told(api: ApiUnderTest, user_id: str, event: str) -> list[Any]:
    return [d for name, d in api.events_of(user_id) if name == event]


async def test_settings_of_a_new_account_are_whole(api: ApiUnderTest) -> None:
    alice = await api.register()
    settings = (await alice.get("/users/@me/settings")).json()
    assert (settings["theme"], settings["status"], settings["guild_folders"]) == ("dark", "online", [])
    assert {"locale", "developer_mode", "message_display_compact", "restricted_guilds", "friend_source_flags"} <= set(
        settings
    )


async def test_changed_settings_are_kept_answered_whole_and_told(api: ApiUnderTest) -> None:
    alice = await api.register()
    answer = await alice.patch("/users/@me/settings", {"theme": "light", "guild_positions": ["1"], "of_tomorrow": 1})
    assert answer.status_code == 200
    assert (answer.json()["theme"], answer.json()["locale"]) == ("light", "en-US")
    assert "of_tomorrow" not in answer.json()
    await alice.patch("/users/@me/settings", {"status": "dnd"})
    kept = (await alice.get("/users/@me/settings")).json()
    assert (kept["theme"], kept["status"], kept["guild_positions"]) == ("light", "dnd", ["1"])
    assert told(api, alice.id, "USER_SETTINGS_UPDATE") == [
        {"theme": "light", "guild_positions": ["1"]},
        {"status": "dnd"},
    ]


@pytest.mark.parametrize(
    ("wrong", "place", "code"),
    [
        ({"status": "asleep"}, ["status"], "BASE_TYPE_CHOICES"),
        ({"developer_mode": "yes"}, ["developer_mode"], "BOOLEAN_TYPE_CONVERT"),
        ({"afk_timeout": -1}, ["afk_timeout"], "NUMBER_TYPE_MIN"),
        ({"guild_positions": ["1", 1]}, ["guild_positions", "1"], "STRING_TYPE_CONVERT"),
        ({"custom_status": {"text": "x" * 129}}, ["custom_status", "text"], "BASE_TYPE_MAX_LENGTH"),
        ({"friend_source_flags": None}, ["friend_source_flags"], "BASE_TYPE_REQUIRED"),
    ],
)
async def test_wrong_setting_is_named_and_changes_nothing(
    api: ApiUnderTest, wrong: Any, place: list[str], code: str
) -> None:
    alice = await api.register()
    answer = await alice.patch("/users/@me/settings", {"theme": "light", **wrong})
    assert form_code(answer, *place) == code
    assert (await alice.get("/users/@me/settings")).json()["theme"] == "dark"
    assert told(api, alice.id, "USER_SETTINGS_UPDATE") == []


async def test_too_large_settings_are_refused(api: ApiUnderTest) -> None:
    alice = await api.register()
    answer = await alice.patch("/users/@me/settings", {"guild_positions": ["1" * 100] * 1000})
    assert error_code(answer) == (400, 50035)


@pytest.mark.parametrize("kind", [1, 2])
async def test_protobuf_is_merged_by_field_and_kept_byte_for_byte(api: ApiUnderTest, kind: int) -> None:
    alice = await api.register()
    path = f"/users/@me/settings-proto/{kind}"
    assert (await alice.get(path)).json() == {"settings": ""}
    first = (await alice.patch(path, {"settings": encoded(UNKNOWN)})).json()
    assert first == {"settings": encoded(versions(1), UNKNOWN)}
    second = (await alice.patch(path, {"settings": encoded(STATUS)})).json()
    assert second == {"settings": encoded(versions(2), STATUS, UNKNOWN)}
    assert (await alice.get(path)).json() == second
    assert told(api, alice.id, "USER_SETTINGS_PROTO_UPDATE")[-1] == {
        "settings": {"type": kind, "proto": second["settings"]},
        "partial": False,
    }
    other = (await alice.get(f"/users/@me/settings-proto/{3 - kind}")).json()
    assert other == {"settings": ""}


async def test_status_in_the_protobuf_is_that_of_the_older_form_too(api: ApiUnderTest) -> None:
    alice = await api.register()
    await alice.patch("/users/@me/settings", {"custom_status": {"text": "old"}, "theme": "light"})
    await alice.patch("/users/@me/settings-proto/1", {"settings": encoded(UNKNOWN)})
    assert len(told(api, alice.id, "USER_SETTINGS_UPDATE")) == 1
    await alice.patch("/users/@me/settings-proto/2", {"settings": encoded(STATUS)})
    await alice.patch("/users/@me/settings-proto/1", {"settings": encoded(STATUS)})
    kept = (await alice.get("/users/@me/settings")).json()
    assert (kept["status"], kept["custom_status"], kept["theme"]) == ("idle", None, "light")
    assert told(api, alice.id, "USER_SETTINGS_UPDATE")[1:] == [{"custom_status": None, "status": "idle"}]


async def test_change_of_an_old_version_is_out_of_date_and_told_to_nobody(api: ApiUnderTest) -> None:
    alice = await api.register()
    path = "/users/@me/settings-proto/1"
    await alice.patch(path, {"settings": encoded(STATUS)})
    await alice.patch(path, {"settings": encoded(STATUS), "required_data_version": 1})
    late = (await alice.patch(path, {"settings": encoded(UNKNOWN), "required_data_version": 1})).json()
    assert late == {"settings": encoded(versions(2), STATUS), "out_of_date": True}
    assert len(told(api, alice.id, "USER_SETTINGS_PROTO_UPDATE")) == 2


@pytest.mark.parametrize("wrong", ["not base64!", "gA==", encoded(b"\x0b")])
async def test_settings_that_are_no_protobuf_are_refused(api: ApiUnderTest, wrong: str) -> None:
    alice = await api.register()
    answer = await alice.patch("/users/@me/settings-proto/1", {"settings": wrong})
    assert form_code(answer, "settings") == "BASE_TYPE_BAD_TYPE"
    assert (await alice.get("/users/@me/settings-proto/3")).status_code == 404


async def test_flags_of_notifications_are_kept_and_told(api: ApiUnderTest) -> None:
    alice = await api.register()
    answer = await alice.patch("/users/@me/notification-settings", {"flags": 16})
    assert answer.json() == {"flags": 16}
    assert told(api, alice.id, "NOTIFICATION_SETTINGS_UPDATE") == [{"flags": 16}]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/users/@me/settings", None),
        ("PATCH", "/users/@me/settings", {}),
        ("GET", "/users/@me/settings-proto/1", None),
        ("PATCH", "/users/@me/settings-proto/1", {"settings": ""}),
        ("PATCH", "/users/@me/notification-settings", {"flags": 0}),
        ("PATCH", "/users/@me/guilds/@me/settings", {}),
        ("GET", "/users/@me/notes", None),
        ("PUT", "/users/@me/notes/1", {"note": "x"}),
        ("PATCH", "/users/@me/profile", {}),
    ],
)
async def test_bots_set_nothing_for_themselves(api: ApiUnderTest, method: str, path: str, body: Any) -> None:
    bot = await api.make_bot(await api.register())
    answer = await bot.request(method, path, **({} if body is None else {"json": body}))
    assert error_code(answer) == (403, 20001)
