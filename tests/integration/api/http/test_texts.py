"""Each text has one definition on all routes that take it. `unit/core/domain/test_texts.py` tests the definitions."""

from typing import Any

import pytest

from tests.support.embedded_api import PASSWORD, ApiUnderTest
from tests.support.guild_scene import Scene, form_code

DIRTY = "  Ga\u202erden\u200bers\n "
CLEAN = "Gardeners"

BLANKS = ("   ", "\u3164", "\u200b\u200d", "\u2800")


@pytest.fixture
async def scene(api: ApiUnderTest) -> Scene:
    return await Scene.build(api)


async def test_names_are_cleaned_wherever_they_are_given(scene: Scene) -> None:
    owner, path = scene.owner, scene.path
    guild = await owner.post("/guilds", {"name": DIRTY, "roles": [{"id": 0}, {"id": 1, "name": DIRTY}]})
    assert guild.json()["name"] == CLEAN
    assert [role["name"] for role in guild.json()["roles"]] == ["@everyone", CLEAN]
    assert (await owner.patch(path, {"name": DIRTY})).json()["name"] == CLEAN
    role = (await owner.post(f"{path}/roles", {"name": DIRTY})).json()
    assert role["name"] == CLEAN
    assert (await owner.patch(f"{path}/roles/{role['id']}", {"name": DIRTY})).json()["name"] == CLEAN
    channel = await scene.add_channel(DIRTY, topic=f" one\ntwo{DIRTY}")
    assert (channel["name"], channel["topic"]) == (CLEAN.lower(), "one\ntwo  Garden\u200bers")
    renamed = await owner.patch(f"/channels/{channel['id']}", {"name": DIRTY + "x", "topic": "  "})
    assert (renamed.json()["name"], renamed.json()["topic"]) == ("gardeners-x", None)
    assert (await owner.patch(f"{path}/members/@me", {"nick": DIRTY})).json()["nick"] == CLEAN
    assert (await owner.patch(f"{path}/members/{owner.id}", {"nick": DIRTY})).json()["nick"] == CLEAN
    assert (await owner.post("/applications", {"name": DIRTY})).json()["name"] == CLEAN


async def test_names_of_people_are_cleaned(api: ApiUnderTest) -> None:
    body = {"email": "a@example.org", "password": "correct horse", "date_of_birth": "1990-01-01"}
    answer = await api.nobody.post("/auth/register", {"username": "  Ali\u202ece ", "global_name": " ", **body})
    alice = api.actor(answer.json()["token"])
    assert (await alice.get("/users/@me")).json()["username"] == "Alice"
    answer = await alice.patch(
        "/users/@me",
        {
            "username": " A\u200fl ",
            "global_name": " The\tfirst  one ",
            "bio": " b\u202e\n ",
            "password": "correct horse",
        },
    )
    assert [answer.json()[name] for name in ("username", "global_name", "bio")] == ["Al", "The first one", "b"]
    login = {"login": " A\u200fl ", "password": "correct horse"}
    assert (await api.nobody.post("/auth/login", login)).status_code == 200
    taken = await (await api.register()).patch("/users/@me", {"username": "\u2066AL", "password": PASSWORD})
    assert form_code(taken, "username") == "USERNAME_ALREADY_TAKEN"


@pytest.mark.parametrize("blank", BLANKS)
async def test_blanks_are_no_name(scene: Scene, blank: str) -> None:
    owner, path = scene.owner, scene.path
    channel = f"/channels/{scene.general}"
    requests: list[tuple[str, str, dict[str, Any]]] = [
        ("POST", "/guilds", {"name": blank}),
        ("PATCH", path, {"name": blank}),
        ("POST", f"{path}/roles", {"name": blank}),
        ("POST", f"{path}/channels", {"name": blank}),
        ("PATCH", channel, {"name": blank}),
        ("POST", "/applications", {"name": blank}),
        ("PATCH", "/users/@me", {"username": blank}),
        (
            "POST",
            "/auth/register",
            {"username": blank, "email": "a@b", "password": "x" * 8, "date_of_birth": "1990-01-01"},
        ),
    ]
    for method, place, body in requests:
        field = "username" if "username" in body else "name"
        assert form_code(await owner.request(method, place, json=body), field) == "BASE_TYPE_REQUIRED", (method, place)


@pytest.mark.parametrize("blank", ["", *BLANKS])
async def test_blanks_clear_what_may_be_absent(scene: Scene, blank: str) -> None:
    owner, path = scene.owner, scene.path
    for given in ("x", blank):
        member = await owner.patch(f"{path}/members/@me", {"nick": given})
        guild = await owner.patch(path, {"description": given})
        user = await owner.patch("/users/@me", {"global_name": given})
        channel = await owner.patch(f"/channels/{scene.general}", {"topic": given})
        answers = [
            member.json()["nick"],
            guild.json()["description"],
            user.json()["global_name"],
            channel.json()["topic"],
        ]
        assert answers == [given if given == "x" else None] * 4


async def test_lengths_are_of_what_is_kept(scene: Scene) -> None:
    owner, path = scene.owner, scene.path
    assert (await owner.patch(path, {"name": f"  {'x' * 100}  "})).json()["name"] == "x" * 100
    assert form_code(await owner.patch(path, {"name": "  x  "}), "name") == "BASE_TYPE_BAD_LENGTH"
    assert (await owner.patch(f"{path}/members/@me", {"nick": " " + "e\u0301" * 32})).json()["nick"] == "\u00e9" * 32
    too_long = await owner.patch(f"{path}/members/@me", {"nick": "x" * 33})
    assert form_code(too_long, "nick") == "BASE_TYPE_MAX_LENGTH"
    lower = await owner.patch(
        f"/channels/{scene.general}", {"name": "\u0130" * 100}
    )  # in lower case two code points each
    assert form_code(lower, "name") == "BASE_TYPE_BAD_LENGTH"


async def test_members_are_found_however_their_accents_are_written(scene: Scene) -> None:
    await scene.owner.patch(f"{scene.path}/members/@me", {"nick": "Ame\u0301lie"})
    for query in ("ame\u0301", "am\u00e9"):
        found = await scene.owner.get(f"{scene.path}/members/search", params={"query": query})
        assert [member["nick"] for member in found.json()] == ["Am\u00e9lie"]


async def test_reasons_are_cleaned(scene: Scene) -> None:
    bob = await scene.join()
    ban = f"{scene.path}/bans/{bob.id}"
    reason = {"X-Audit-Log-Reason": "%20spam%E2%80%AE%0A"}
    assert (await scene.owner.put(ban, headers=reason)).status_code == 204
    assert (await scene.owner.get(ban)).json()["reason"] == "spam"
