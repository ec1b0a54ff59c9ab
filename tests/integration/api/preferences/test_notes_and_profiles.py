"""Notes about others, and what people say of themselves."""

import pytest

from tests.support.embedded_api import ApiUnderTest
from tests.support.guild_scene import Scene, error_code


async def test_note_is_written_read_replaced_and_deleted(api: ApiUnderTest) -> None:
    alice, bob = await api.register(), await api.register()
    path = f"/users/@me/notes/{bob.id}"
    assert error_code(await alice.get(path)) == (404, 10013)
    assert (await alice.put(path, {"note": "knows bees"})).status_code == 204
    assert (await alice.get(path)).json() == {"note": "knows bees", "user_id": alice.id, "note_user_id": bob.id}
    assert (await alice.get("/users/@me/notes")).json() == {bob.id: "knows bees"}
    assert (await bob.get("/users/@me/notes")).json() == {}
    await alice.put(path, {"note": "knows wasps"})
    await alice.put(path, {"note": "knows wasps"})
    await alice.put(path, {"note": None})
    assert error_code(await alice.get(path)) == (404, 10013)
    told = [d for name, d in api.events_of(alice.id) if name == "USER_NOTE_UPDATE"]
    assert told == [{"id": bob.id, "note": note} for note in ("knows bees", "knows wasps", "")]
    assert [name for name, _ in api.events_of(bob.id) if name == "USER_NOTE_UPDATE"] == []


async def test_note_that_is_too_long_or_about_nobody_is_refused(api: ApiUnderTest) -> None:
    alice, bob = await api.register(), await api.register()
    assert (await alice.put(f"/users/@me/notes/{bob.id}", {"note": "x" * 256})).status_code == 204
    assert error_code(await alice.put(f"/users/@me/notes/{bob.id}", {"note": "x" * 257})) == (400, 50035)
    assert error_code(await alice.put("/users/@me/notes/1", {"note": "x"})) == (404, 10013)


async def test_notes_are_bounded(api: ApiUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.services.preferences.notes.MAX_NOTES", 1)
    alice, bob, carol = await api.register(), await api.register(), await api.register()
    await alice.put(f"/users/@me/notes/{bob.id}", {"note": "x"})
    assert error_code(await alice.put(f"/users/@me/notes/{carol.id}", {"note": "y"})) == (400, 30000)
    assert (await alice.put(f"/users/@me/notes/{bob.id}", {"note": "z"})).status_code == 204


async def test_profile_has_the_membership_of_the_guild_that_is_asked(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    bob = await scene.join()
    shown = (await scene.owner.get(f"/users/{bob.id}/profile?guild_id={scene.id}&with_mutual_guilds=true")).json()
    assert shown["guild_member"]["user"]["id"] == bob.id
    assert shown["guild_member_profile"]["guild_id"] == scene.id
    assert [guild["id"] for guild in shown["mutual_guilds"]] == [scene.id]
    assert "guild_member" not in (await scene.owner.get(f"/users/{bob.id}/profile")).json()
    other = await Scene.build(api)
    asked = f"/users/{bob.id}/profile?guild_id={other.id}"
    assert error_code(await scene.owner.get(asked)) == (404, 10004)


async def test_profile_is_changed_field_by_field(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    bob = await scene.join()
    given = {"bio": "I garden", "pronouns": "they/them", "accent_color": 255}
    whole = {**given, "banner": None, "theme_colors": None}
    assert (await bob.patch("/users/@me/profile", given)).json() == whole
    assert (await bob.patch("/users/@me/profile", {"pronouns": None})).json() == {**whole, "pronouns": ""}
    shown = (await scene.owner.get(f"/users/{bob.id}/profile")).json()
    assert shown["user_profile"] == {**whole, "pronouns": ""}
    assert error_code(await bob.patch("/users/@me/profile", {"pronouns": "x" * 41})) == (400, 50035)


async def test_profile_in_a_guild_is_that_of_the_guild_alone(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    bob = await scene.join()
    path = f"{scene.path}/profile/@me"
    changed = await bob.patch(path, {"pronouns": "they/them", "bio": "I water", "nick": "Bobby"})
    profile = {"guild_id": scene.id, "bio": "I water", "accent_color": None, "pronouns": "they/them", "banner": None}
    assert changed.json() == profile
    shown = (await scene.owner.get(f"/users/{bob.id}/profile?guild_id={scene.id}")).json()
    assert (shown["guild_member_profile"], shown["user_profile"]["pronouns"]) == (profile, "")
    assert shown["guild_member"]["nick"] == "Bobby"
    assert api.payloads("GUILD_MEMBER_UPDATE")[-1]["nick"] == "Bobby"
    assert (await bob.patch(path, {"pronouns": None})).json() == {**profile, "pronouns": ""}
    assert error_code(await bob.patch(path, {"pronouns": "x" * 41})) == (400, 50035)
    stranger = await api.register()
    assert error_code(await stranger.patch(path, {"bio": "x"})) == (404, 10004)
