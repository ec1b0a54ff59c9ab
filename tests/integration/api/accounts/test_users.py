"""Accounts: the caller's own, other users' and their profiles, and the caller's guilds."""

import base64

import pytest

from core.domain.events import SESSION_REVOKED
from tests.support.embedded_api import PASSWORD, Actor, ApiUnderTest
from tests.support.embedded_data import AVATAR
from tests.support.guild_scene import form_code

PNG_ADDRESS = AVATAR
PNG = base64.b64decode(AVATAR.partition(",")[2])


async def make_guild(owner: Actor, name: str = "guild") -> str:
    answer = await owner.post("/guilds", {"name": name})
    assert answer.status_code == 201
    guild_id: str = answer.json()["id"]
    return guild_id


async def test_own_account_shows_what_others_do_not_see(api: ApiUnderTest) -> None:
    alice, bob = await api.register("alice"), await api.register("bob")
    own = (await alice.get("/users/@me")).json()
    assert own["email"] == "alice@example.org"
    assert own["discriminator"] == "0"
    seen = (await bob.get(f"/users/{alice.id}")).json()
    assert seen["username"] == "alice"
    assert "email" not in seen


async def test_account_changes_are_kept_and_announced_to_its_sessions_and_guilds(api: ApiUnderTest) -> None:
    alice = await api.register()
    guild_id = await make_guild(alice)
    before = (await alice.get(f"/users/{alice.id}")).json()
    assert before["global_name"] is None
    answer = await alice.patch("/users/@me", {"global_name": " Alice ", "bio": "hello", "accent_color": 255})
    assert answer.status_code == 200
    assert (answer.json()["global_name"], answer.json()["bio"]) == ("Alice", "hello")
    assert (await alice.get(f"/users/{alice.id}")).json()["global_name"] == "Alice"
    [own] = api.payloads("USER_UPDATE")
    assert own["bio"] == "hello"
    [member] = api.payloads("GUILD_MEMBER_UPDATE")
    assert (member["guild_id"], member["user"]["global_name"]) == (guild_id, "Alice")


async def test_account_change_shows_in_cached_memberships_at_once(api: ApiUnderTest) -> None:
    alice = await api.register()
    guild_id = await make_guild(alice)
    path = f"/users/@me/guilds/{guild_id}/member"
    assert (await alice.get(path)).json()["user"]["global_name"] is None
    await alice.patch("/users/@me", {"global_name": "A"})
    assert (await alice.get(path)).json()["user"]["global_name"] == "A"


async def test_account_fields_can_be_cleared(api: ApiUnderTest) -> None:
    alice = await api.register()
    await alice.patch("/users/@me", {"global_name": "A", "bio": "b", "accent_color": 1, "avatar": PNG_ADDRESS})
    answer = await alice.patch("/users/@me", {"global_name": None, "bio": None, "accent_color": None, "avatar": None})
    body = answer.json()
    assert [body[field] for field in ("global_name", "bio", "accent_color", "avatar")] == [None, "", None, None]


async def test_empty_change_announces_nothing(api: ApiUnderTest) -> None:
    alice = await api.register()
    assert (await alice.request("PATCH", "/users/@me")).status_code == 200
    assert api.events("USER_UPDATE") == []


async def test_username_can_be_changed_but_not_to_a_taken_one(api: ApiUnderTest) -> None:
    alice = await api.register("alice")
    await api.register("bob")
    change = {"username": "alicia", "password": PASSWORD}
    assert (await alice.patch("/users/@me", change)).json()["username"] == "alicia"
    answer = await alice.patch("/users/@me", {**change, "username": "Bob"})
    assert answer.status_code == 400
    assert answer.json()["errors"]["username"]["_errors"][0]["code"] == "USERNAME_ALREADY_TAKEN"


async def test_person_needs_the_password_for_another_username(api: ApiUnderTest) -> None:
    alice = await api.register("alice")
    for given in ({}, {"password": None}, {"password": ""}):
        answer = await alice.patch("/users/@me", {"username": "alicia", "global_name": "Alicia", **given})
        assert form_code(answer, "password") == "PASSWORD_DOES_NOT_MATCH"
    assert api.events("USER_UPDATE") == []
    assert (await alice.get("/users/@me")).json()["username"] == "alice"
    # Clients that send every field send the present name, too.
    assert (await alice.patch("/users/@me", {"username": "alice", "bio": "b"})).status_code == 200


async def test_bot_changes_its_username_without_a_password(api: ApiUnderTest) -> None:
    bot = await api.make_bot(await api.register())
    assert (await bot.patch("/users/@me", {"username": "Parrot"})).json()["username"] == "Parrot"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"username": "x"}, "username"),
        ({"username": "@here"}, "username"),
        ({"global_name": "x" * 33}, "global_name"),
        ({"bio": "x" * 191}, "bio"),
        ({"accent_color": -1}, "accent_color"),
        ({"accent_color": 1 << 24}, "accent_color"),
        ({"avatar": "data:image/png;base64,AAAA"}, "avatar"),
        ({"avatar": "data:image/png;base64,?"}, "avatar"),
        ({"avatar": "http://example.org/x.png"}, "avatar"),
        ({"avatar": 7}, "avatar"),
        ({"email": "x", "password": PASSWORD}, "email"),
        ({"new_password": "short", "password": PASSWORD}, "new_password"),
        ({"new_password": "long enough", "password": "wrong"}, "password"),
        ({"new_password": "long enough"}, "password"),
        ({"username": "renamed", "password": "wrong"}, "password"),
    ],
)
async def test_wrong_change_names_the_field(api: ApiUnderTest, body: dict[str, object], field: str) -> None:
    alice = await api.register()
    answer = await alice.patch("/users/@me", body)
    assert answer.status_code == 400
    assert field in answer.json()["errors"]


async def test_new_password_ends_other_auth_sessions_and_counts_from_then_on(api: ApiUnderTest) -> None:
    alice = await api.register("alice")
    login = {"login": "alice", "password": PASSWORD}
    other = api.actor((await api.nobody.post("/auth/login", login)).json()["token"])
    answer = await alice.patch("/users/@me", {"password": PASSWORD, "new_password": "another password"})
    assert answer.status_code == 200
    assert (await alice.get("/users/@me")).status_code == 200
    assert (await other.get("/users/@me")).status_code == 401
    assert len(api.events(SESSION_REVOKED)) == 1
    assert (await api.nobody.post("/auth/login", login)).status_code == 400
    login["password"] = "another password"
    assert (await api.nobody.post("/auth/login", login)).status_code == 200


async def test_avatar_is_served_under_its_hash(api: ApiUnderTest) -> None:
    alice = await api.register()
    answer = await alice.patch("/users/@me", {"avatar": PNG_ADDRESS})
    name = answer.json()["avatar"]
    whole = await api.nobody.get(f"http://guildway/avatars/{alice.id}/{name}.png")
    small = await api.nobody.get(f"http://guildway/avatars/{alice.id}/{name}.png?size=128")
    assert whole.content == PNG
    for picture in (whole, small):
        assert (picture.status_code, picture.content[:8]) == (200, PNG[:8])
        assert picture.headers["content-type"] == "image/png"
        assert "immutable" in picture.headers["cache-control"]
    for path in (f"/avatars/1/{name}.png", f"/avatars/{alice.id}/..%2f{name}", f"/icons/{alice.id}/{name}.png"):
        assert (await api.nobody.get(f"http://guildway{path}")).status_code == 404


async def test_user_that_does_not_exist_is_unknown(api: ApiUnderTest) -> None:
    alice = await api.register()
    answer = await alice.get("/users/1")
    assert (answer.status_code, answer.json()["code"]) == (404, 10013)
    assert (await alice.get("/users/9223372036854775808")).status_code == 400
    answer = await alice.get("/users/abc")
    assert answer.json()["errors"]["user_id"]["_errors"][0]["message"] == 'Value "abc" is not snowflake.'


async def test_profile_is_for_those_who_share_a_guild(api: ApiUnderTest) -> None:
    alice, bob = await api.register(), await api.register()
    await alice.patch("/users/@me", {"bio": "about me"})
    assert (await alice.get(f"/users/{alice.id}/profile")).json()["user_profile"]["bio"] == "about me"
    assert (await alice.get("/users/@me/profile")).json()["mutual_guilds"] == []
    answer = await bob.get(f"/users/{alice.id}/profile")
    assert (answer.status_code, answer.json()["code"]) == (403, 50001)
    bot = await api.make_bot(bob)
    guild_id = await make_guild(alice)
    async with api.store.write() as tx:
        await tx.members.add(int(guild_id), int(bob.id), joined_ms=0)
    answer = await bob.get(f"/users/{alice.id}/profile")
    assert [guild["id"] for guild in answer.json()["mutual_guilds"]] == [guild_id]
    assert (await bot.get(f"/users/{alice.id}/profile")).status_code == 403


async def test_own_guilds_are_paged_by_id(api: ApiUnderTest) -> None:
    alice = await api.register()
    ids = [await make_guild(alice, f"guild {number}") for number in range(5)]

    async def page(query: str) -> list[str]:
        answer = await alice.get(f"/users/@me/guilds?{query}")
        assert answer.status_code == 200
        return [guild["id"] for guild in answer.json()]

    assert await page("") == ids
    assert await page("limit=2") == ids[:2]
    assert await page(f"limit=2&after={ids[1]}") == ids[2:4]
    assert await page(f"after={ids[4]}") == []
    assert await page(f"limit=2&before={ids[3]}") == ids[1:3]


async def test_own_guilds_tell_rights_and_counts(api: ApiUnderTest) -> None:
    alice = await api.register()
    guild_id = await make_guild(alice)
    bot = await api.make_bot(alice)
    await api.let_in(alice, bot, guild_id)
    [guild] = (await alice.get("/users/@me/guilds?with_counts=True")).json()
    assert (guild["owner"], guild["approximate_member_count"]) == (True, 2)
    assert guild["approximate_presence_count"] == 0
    api.online.put(int(guild_id), 2)
    [guild] = (await alice.get("/users/@me/guilds?with_counts=True")).json()
    assert guild["approximate_presence_count"] == 2
    [guild] = (await bot.get("/users/@me/guilds")).json()
    assert guild["owner"] is False
    assert "approximate_member_count" not in guild
    assert "approximate_presence_count" not in guild
    assert int(guild["permissions"]) & 8 == 0


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=x", "before=x", "after=-1", "with_counts=maybe"])
async def test_own_guilds_with_a_wrong_query_is_a_form_error(api: ApiUnderTest, query: str) -> None:
    alice = await api.register()
    answer = await alice.get(f"/users/@me/guilds?{query}")
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [query.partition("=")[0]]


async def test_own_membership_of_a_strange_guild_is_refused(api: ApiUnderTest) -> None:
    alice, bob = await api.register(), await api.register()
    guild_id = await make_guild(alice)
    assert (await alice.get(f"/users/@me/guilds/{guild_id}/member")).json()["user"]["id"] == alice.id
    answer = await bob.get(f"/users/@me/guilds/{guild_id}/member")
    assert (answer.status_code, answer.json()["code"]) == (404, 10004)
    answer = await bob.get("/users/@me/guilds/1/member")
    assert (answer.status_code, answer.json()["code"]) == (404, 10004)


async def test_connections_are_none(api: ApiUnderTest) -> None:
    assert (await (await api.register()).get("/users/@me/connections")).json() == []
