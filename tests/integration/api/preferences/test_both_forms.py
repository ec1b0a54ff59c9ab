"""Settings that both forms have: each form shows what was set in the other, and other devices hear of both."""

import base64
from typing import Any

import pytest

from core.domain.people.settings.protobuf import BYTES, VARINT, write_field
from tests.support.embedded_api import Actor, ApiUnderTest
from tests.support.guild_scene import Scene, form_code

FLAT, PROTO, JSON = "/users/@me/settings", "/users/@me/settings-proto/1", "/users/@me/settings-proto/1/json"


def told(api: ApiUnderTest, user_id: str) -> list[tuple[str, Any]]:
    return [(event, payload) for event, payload in api.events_of(user_id) if event.startswith("USER_SETTINGS")]


def status(*fields: bytes) -> bytes:
    return write_field(11, BYTES, b"".join(fields))


IDLE = write_field(1, BYTES, write_field(1, BYTES, b"idle"))
HELLO = write_field(2, BYTES, write_field(1, BYTES, b"hello"))
UNKNOWN = write_field(90, VARINT, b"\x07")


async def put(person: Actor, proto: bytes) -> bytes:
    answer = await person.patch(PROTO, {"settings": base64.b64encode(proto).decode()})
    assert answer.status_code == 200, answer.text
    return base64.b64decode(answer.json()["settings"])


async def test_flat_settings_show_in_the_protobuf_beside_all_else(api: ApiUnderTest) -> None:
    alice = await api.register()
    await put(alice, status(HELLO, UNKNOWN) + write_field(200, VARINT, b"\x01"))
    assert (await alice.patch(FLAT, {"status": "idle"})).status_code == 200
    stored = base64.b64decode((await alice.get(PROTO)).json()["settings"])
    versions = write_field(1, BYTES, b"\x18\x02")
    assert stored == versions + status(IDLE, HELLO, UNKNOWN) + write_field(200, VARINT, b"\x01")
    assert told(api, alice.id)[-2:] == [
        ("USER_SETTINGS_UPDATE", {"status": "idle"}),
        ("USER_SETTINGS_PROTO_UPDATE", {"settings": {"type": 1, "proto": base64.b64encode(stored).decode()}, "partial": False}),
    ]  # fmt: skip


async def test_protobuf_shows_in_the_flat_settings_message_by_message(api: ApiUnderTest) -> None:
    alice = await api.register()
    await alice.patch(FLAT, {"theme": "light", "status": "dnd", "show_current_game": False})
    await put(alice, status(IDLE, HELLO))
    settings = (await alice.get(FLAT)).json()
    assert (settings["theme"], settings["status"], settings["show_current_game"]) == ("light", "idle", True)
    assert settings["custom_status"]["text"] == "hello"
    assert told(api, alice.id)[-1] == (
        "USER_SETTINGS_UPDATE",
        {
            "status": "idle",
            "show_current_game": True,
            "custom_status": {"text": "hello", "emoji_id": None, "emoji_name": None, "expires_at": None},
        },
    )
    await put(alice, status())
    settings = (await alice.get(FLAT)).json()
    assert (settings["theme"], settings["status"], settings["custom_status"]) == ("light", "online", None)


async def test_protobuf_that_changes_nothing_flat_is_told_as_protobuf_alone(api: ApiUnderTest) -> None:
    alice = await api.register()
    await put(alice, write_field(13, BYTES, UNKNOWN) + write_field(2, BYTES, b""))
    assert [event for event, _ in told(api, alice.id)] == ["USER_SETTINGS_PROTO_UPDATE"]


async def test_value_that_the_flat_form_does_not_know_is_kept_in_the_protobuf(api: ApiUnderTest) -> None:
    alice = await api.register()
    stored = await put(alice, status(write_field(1, BYTES, write_field(1, BYTES, b"asleep")), HELLO))
    settings = (await alice.get(FLAT)).json()
    assert (settings["status"], settings["custom_status"]["text"]) == ("online", "hello")
    assert base64.b64decode((await alice.get(PROTO)).json()["settings"]) == stored


async def test_settings_of_both_forms_add_up(api: ApiUnderTest) -> None:
    alice = await api.register()
    await alice.patch(FLAT, {"guild_positions": ["5"], "locale": "de"})
    await put(alice, write_field(13, BYTES, b"\x08\x02"))
    shown = (await alice.get(JSON)).json()["settings"]
    assert shown == {
        "versions": {"dataVersion": 2},
        "localization": {"locale": "de"},
        "appearance": {"theme": "LIGHT"},
        "guildFolders": {"guildPositions": ["5"]},
    }
    flat = (await alice.get(FLAT)).json()
    assert (flat["theme"], flat["locale"], flat["guild_positions"]) == ("light", "de", ["5"])


async def test_privacy_that_the_protobuf_sets_is_in_force(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    alice, bob = await scene.join(), await scene.join()
    channel = (await bob.post("/users/@me/channels", {"recipients": [alice.id]})).json()["id"]
    path = f"/channels/{channel}/messages"
    assert (await bob.post(path, {"content": "x"})).status_code == 200
    restricted = write_field(3, BYTES, int(scene.id).to_bytes(8, "little"))
    closed = write_field(11, BYTES, write_field(1, VARINT, b"\x02"))  # friends of friends alone may ask
    await put(alice, write_field(8, BYTES, restricted + closed))
    answer = await bob.post(path, {"content": "x"})
    assert (answer.status_code, answer.json()["code"]) == (403, 50007)
    assert (await bob.put(f"/users/@me/relationships/{alice.id}", {})).json()["code"] == 80000


@pytest.mark.parametrize("wishes", [True, False])
async def test_new_guild_is_restricted_for_who_wishes_it(api: ApiUnderTest, wishes: bool) -> None:
    first, second = await Scene.build(api), await Scene.build(api)
    alice = await first.join()
    await alice.patch(FLAT, {"default_guilds_restricted": wishes, "restricted_guilds": ["5"]})
    api.deliveries.clear()
    await second.bring_in(alice)
    restricted = (await alice.get(FLAT)).json()["restricted_guilds"]
    assert restricted == ([second.id] if wishes else ["5"])  # the guild 5 has gone
    events = [event for event, _ in told(api, alice.id)]
    assert events == (["USER_SETTINGS_UPDATE", "USER_SETTINGS_PROTO_UPDATE"] if wishes else [])


async def test_json_of_the_protobuf_is_changed_by_message(api: ApiUnderTest) -> None:
    alice = await api.register()
    await put(alice, status(IDLE, UNKNOWN) + write_field(13, BYTES, b"\x08\x02"))
    body = {"settings": {"status": {"status": "dnd"}, "voiceAndVideo": {"afkTimeout": 60}}}
    answer = (await alice.patch(JSON, body)).json()
    assert answer["settings"]["status"] == {"status": "dnd"}
    assert answer == (await alice.get(JSON)).json()
    flat = (await alice.get(FLAT)).json()
    assert (flat["status"], flat["afk_timeout"], flat["theme"]) == ("dnd", 60, "light")
    stored = base64.b64decode((await alice.get(PROTO)).json()["settings"])
    assert UNKNOWN in stored
    late = await alice.patch(JSON, {"settings": {"status": {}}, "required_data_version": 1})
    assert (late.json()["out_of_date"], late.json()["settings"]["status"]) == (True, {"status": "dnd"})
    assert (await alice.get("/users/@me/settings-proto/2/json")).json() == {"settings": {}}
    assert (await alice.get("/users/@me/settings-proto/3/json")).status_code == 404


async def test_wrong_json_of_the_protobuf_is_named(api: ApiUnderTest) -> None:
    alice = await api.register()
    answer = await alice.patch(JSON, {"settings": {"appearance": {"theme": "PINK"}}})
    assert form_code(answer, "settings", "appearance", "theme") == "BASE_TYPE_BAD_TYPE"
    assert (await alice.get(JSON)).json() == {"settings": {}}


async def test_flat_setting_that_no_message_can_hold_is_refused(api: ApiUnderTest) -> None:
    alice = await api.register()
    for wrong, place, code in (
        ({"restricted_guilds": ["x"]}, ("restricted_guilds", "0"), "STRING_TYPE_REGEX"),
        ({"guild_folders": [{"id": "1"}]}, ("guild_folders", "0", "id"), "NUMBER_TYPE_COERCE"),
        ({"custom_status": {"expires_at": "soon"}}, ("custom_status", "expires_at"), "DATETIME_TYPE_PARSE"),
        ({"friend_discovery_flags": -1}, ("friend_discovery_flags",), "NUMBER_TYPE_MIN"),
    ):
        assert form_code(await alice.patch(FLAT, wrong), *place) == code
