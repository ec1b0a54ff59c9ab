"""Registration, logging in and out, and auth sessions."""

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgspec
import pytest

from core.domain.events import SESSION_REVOKED
from core.runtime.settings.settings import ApiSettings, LimitSettings
from tests.fakes.clock import FakeClock
from tests.integration.api.conftest import HIGH_LIMITS, OpenApi
from tests.support.embedded_api import PASSWORD, Actor, ApiUnderTest


def registration(**changes: object) -> dict[str, object]:
    return {
        "username": "alice",
        "email": "alice@example.org",
        "password": PASSWORD,
        "date_of_birth": "1990-01-01",
        **changes,
    }


async def sessions_of(actor: Actor) -> list[dict[str, object]]:
    answer = await actor.get("/auth/sessions")
    assert answer.status_code == 200
    sessions: list[dict[str, object]] = answer.json()["user_sessions"]
    return sessions


async def test_register_answers_a_token_that_works(api: ApiUnderTest) -> None:
    answer = await api.nobody.post("/auth/register", registration(consent=True, captcha_key=None))
    assert answer.status_code == 201
    alice = api.actor(answer.json()["token"])
    assert (await alice.get("/users/@me")).json()["id"] == answer.json()["user_id"]
    assert [session["is_current"] for session in await sessions_of(alice)] == [True]


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"username": "a"}, "username", "BASE_TYPE_BAD_LENGTH"),
        ({"username": " a "}, "username", "BASE_TYPE_BAD_LENGTH"),
        ({"username": "x" * 33}, "username", "BASE_TYPE_BAD_LENGTH"),
        ({"username": "everyone"}, "username", "USERNAME_INVALID_CONTAINS"),
        ({"username": "Deleted_User_15e0"}, "username", "USERNAME_INVALID_CONTAINS"),
        ({"username": "a@b"}, "username", "USERNAME_INVALID_CONTAINS"),
        ({"username": None}, "username", "BASE_TYPE_REQUIRED"),
        ({"username": 5}, "username", "STRING_TYPE_CONVERT"),
        ({"email": "nobody"}, "email", "EMAIL_TYPE_INVALID_EMAIL"),
        ({"password": "short"}, "password", "BASE_TYPE_BAD_LENGTH"),
        ({"date_of_birth": "yesterday"}, "date_of_birth", "DATE_TYPE_PARSE"),
        ({"date_of_birth": "2099-01-01"}, "date_of_birth", "DATE_OF_BIRTH_UNDERAGE"),
        ({"password": "nul\x00nul\x00nul"}, "password", "STRING_TYPE_INVALID"),
        ({"consent": False}, "consent", "CONSENT_REQUIRED"),
        ({"consent": "perhaps"}, "consent", "BOOLEAN_TYPE_CONVERT"),
    ],
)
async def test_register_with_a_wrong_field_names_it(
    api: ApiUnderTest, changes: dict[str, object], field: str, code: str
) -> None:
    answer = await api.nobody.post("/auth/register", registration(**changes))
    assert answer.status_code == 400
    assert answer.json()["code"] == 50035
    assert [error["code"] for error in answer.json()["errors"][field]["_errors"]] == [code]


async def test_register_without_fields_names_all_of_them(api: ApiUnderTest) -> None:
    answer = await api.nobody.post("/auth/register", {})
    assert set(answer.json()["errors"]) == {"username", "email", "password", "date_of_birth"}


async def test_register_with_a_taken_name_or_address_says_which(api: ApiUnderTest) -> None:
    assert (await api.nobody.post("/auth/register", registration())).status_code == 201
    name = await api.nobody.post("/auth/register", registration(email="other@example.org", username="ALICE"))
    assert name.json()["errors"]["username"]["_errors"][0]["code"] == "USERNAME_ALREADY_TAKEN"
    address = await api.nobody.post("/auth/register", registration(username="other", email="ALICE@example.org"))
    assert address.json()["errors"]["email"]["_errors"][0]["code"] == "EMAIL_ALREADY_REGISTERED"


async def test_register_of_one_name_at_once_makes_one_account(api: ApiUnderTest) -> None:
    answers = await asyncio.gather(
        *(api.nobody.post("/auth/register", registration(email=f"{number}@example.org")) for number in range(5))
    )
    assert sorted(answer.status_code for answer in answers) == [201, 400, 400, 400, 400]


async def test_register_too_often_is_limited_and_says_for_how_long(open_api: OpenApi) -> None:
    limits = msgspec.structs.replace(HIGH_LIMITS, loopback_registrations_per_minute=2)
    clock = FakeClock()
    async with open_api(limits=limits, clock=clock) as api:
        for _ in range(2):
            await api.register()
        clock.advance(1.25)
        answer = await api.nobody.post("/auth/register", registration())
    assert answer.status_code == 429
    assert answer.headers["via"]
    assert (answer.headers["retry-after"], answer.json()["retry_after"]) == ("59", 58.75)
    assert answer.headers["x-ratelimit-remaining"] == "0"
    assert float(answer.headers["x-ratelimit-reset-after"]) == 58.75


async def test_login_by_address_or_name_gives_another_session(api: ApiUnderTest) -> None:
    await api.nobody.post("/auth/register", registration())
    for body in (
        {"login": "alice@example.org", "password": PASSWORD},
        {"email": "Alice@Example.org", "password": PASSWORD},
        {"login": "alice", "password": PASSWORD},
    ):
        answer = await api.nobody.post("/auth/login", body)
        assert answer.status_code == 200
        assert answer.json()["user_settings"] == {"locale": "en-US", "theme": "dark"}
    assert len(await sessions_of(api.actor(answer.json()["token"]))) == 4


@pytest.mark.parametrize("login", ["alice@example.org", "nobody@example.org"])
async def test_login_with_a_wrong_password_does_not_tell_whether_the_account_exists(
    api: ApiUnderTest, login: str
) -> None:
    await api.nobody.post("/auth/register", registration())
    answer = await api.nobody.post("/auth/login", {"login": login, "password": "wrong password"})
    assert answer.status_code == 400
    assert answer.json()["errors"]["login"]["_errors"][0]["code"] == "INVALID_LOGIN"


async def test_logout_ends_the_session_at_once(api: ApiUnderTest) -> None:
    alice = await api.register()
    assert (await alice.post("/auth/logout")).status_code == 204
    answer = await alice.get("/users/@me")
    assert answer.status_code == 401
    assert answer.json() == {"message": "401: Unauthorized", "code": 0}
    [revoked] = api.events(SESSION_REVOKED)
    assert str(revoked.user_id) == alice.id


async def test_sessions_of_other_devices_can_be_ended(api: ApiUnderTest) -> None:
    await api.nobody.post("/auth/register", registration())
    login = {"login": "alice", "password": PASSWORD}
    first, second, third = [api.actor((await api.nobody.post("/auth/login", login)).json()["token"]) for _ in range(3)]
    ids = [session["id"] for session in await sessions_of(third)]
    assert (await third.delete(f"/auth/sessions/{ids[1]}")).status_code == 204
    assert (await second.get("/users/@me")).status_code == 401
    answer = await third.post("/auth/sessions/logout", {"session_id_hashes": [ids[2]]})
    assert answer.status_code == 204
    assert (await first.get("/users/@me")).status_code == 401
    assert [session["id"] for session in await sessions_of(third)] == [ids[0], ids[3]]


async def test_sessions_of_somebody_else_cannot_be_ended(api: ApiUnderTest) -> None:
    alice, mallory = await api.register(), await api.register()
    [session] = await sessions_of(alice)
    answer = await mallory.delete(f"/auth/sessions/{session['id']}")
    assert answer.status_code == 404
    assert answer.json()["code"] == 10020
    assert (await alice.get("/users/@me")).status_code == 200


@pytest.mark.parametrize("body", [{}, {"session_id_hashes": []}, {"ids": None}])
async def test_ending_no_sessions_is_an_error(api: ApiUnderTest, body: dict[str, object]) -> None:
    answer = await (await api.register()).post("/auth/sessions/logout", body)
    assert answer.status_code == 400


async def test_login_beyond_the_number_of_sessions_ends_the_oldest(open_api: OpenApi) -> None:
    limits = msgspec.structs.replace(HIGH_LIMITS, sessions_per_user=3)
    async with open_api(limits=limits) as api:
        first = api.actor((await api.nobody.post("/auth/register", registration())).json()["token"])
        assert (await first.get("/users/@me")).status_code == 200
        login = {"login": "alice", "password": PASSWORD}
        tokens = [(await api.nobody.post("/auth/login", login)).json()["token"] for _ in range(3)]
        assert (await first.get("/users/@me")).status_code == 401
        assert len(await sessions_of(api.actor(tokens[-1]))) == 3


@pytest.mark.parametrize("authorization", ["", "Bot ", "nonsense", "Bot nonsense", "Bearer x", "MTIz.x.y", "\xff\xfe"])
async def test_wrong_token_is_unauthorized(api: ApiUnderTest, authorization: str) -> None:
    answer = await api.nobody.get("/users/@me", headers={"authorization": authorization.encode("latin-1")})
    assert answer.status_code == 401


async def test_person_may_not_pass_for_a_bot_nor_a_bot_for_a_person(api: ApiUnderTest) -> None:
    alice = await api.register()
    bot = await api.make_bot(alice)
    assert (await api.actor(f"Bot {alice.authorization}").get("/users/@me")).status_code == 401
    assert (await api.actor(bot.authorization.removeprefix("Bot ")).get("/users/@me")).status_code == 401
    assert (await bot.get("/auth/sessions")).json()["code"] == 20001


async def test_invalid_requests_block_their_address_but_no_good_token(open_api: OpenApi) -> None:
    async with open_api(limits=LimitSettings(invalid_requests=3)) as api:
        alice = await api.register()
        for _ in range(3):
            assert (await api.actor("nonsense").get("/users/@me")).status_code == 401
        for stranger in (api.nobody, api.actor("nonsense")):
            answer = await stranger.get("/users/@me")
            assert answer.status_code == 429
            assert answer.json()["global"] is True
        for path in ("/users/@me", "/users/@me/guilds?limit=1"):
            assert (await alice.get(path)).status_code == 200
        preflight = {"origin": "https://chat.example", "access-control-request-method": "PATCH"}
        assert (await api.nobody.request("OPTIONS", "/users/@me", headers=preflight)).status_code == 204


async def test_address_that_is_shut_out_gets_an_answer_without_the_database_too(open_api: OpenApi) -> None:
    async with open_api(limits=LimitSettings(invalid_requests=1)) as api:
        assert (await api.actor("nonsense").get("/users/@me")).status_code == 401
        await api.store.close()
        assert (await api.actor("other nonsense").get("/users/@me")).status_code == 503
        assert (await api.nobody.get("/users/@me")).status_code == 429


async def test_what_a_good_token_may_not_do_does_not_count_against_its_address(open_api: OpenApi) -> None:
    async with open_api(limits=LimitSettings(invalid_requests=3)) as api:
        alice = await api.register()
        bot = await api.make_bot(alice)
        for _ in range(4):
            assert (await bot.get("/auth/sessions")).status_code == 403
        assert (await api.nobody.get("/gateway")).status_code == 200


async def log_in(api: ApiUnderTest, login: str, password: str, address: str) -> int:
    """Log in from an address, and return the status."""
    built: Any = api.built.asgi
    transport = httpx.ASGITransport(app=built, client=(address, 5000))
    async with httpx.AsyncClient(transport=transport) as http:
        body = {"login": login, "password": password}
        return (await http.post("http://guildway/api/v10/auth/login", json=body)).status_code


@pytest.mark.parametrize("login", ["alice", "Alice ", "nobody"])
async def test_wrong_passwords_are_bounded_whether_or_not_there_is_an_account(open_api: OpenApi, login: str) -> None:
    async with open_api(limits=msgspec.structs.replace(HIGH_LIMITS, wrong_passwords=3)) as api:
        await api.register("alice")
        statuses = [await log_in(api, login, "wrong", "203.0.113.1") for _ in range(4)]
        assert statuses == [400, 400, 400, 429]
        # The owner can still log in from another address: an attacker locks out only itself.
        assert await log_in(api, "alice", PASSWORD, "203.0.113.2") == 200


async def test_wrong_passwords_are_bounded_over_all_addresses_but_not_for_the_owner(open_api: OpenApi) -> None:
    limits = msgspec.structs.replace(HIGH_LIMITS, wrong_passwords=10, wrong_passwords_per_account=3)
    async with open_api(limits=limits) as api:
        await api.register("alice")
        for known in ("203.0.113.1", "2001:db8::1"):
            assert await log_in(api, "alice", PASSWORD, known) == 200
        statuses = [await log_in(api, "alice", "wrong", f"198.51.100.{number}") for number in range(4)]
        assert statuses == [400, 400, 400, 429]
        assert await log_in(api, "alice", PASSWORD, "198.51.100.9") == 429
        for known in ("203.0.113.1", "2001:db8::2"):
            assert await log_in(api, "alice", PASSWORD, known) == 200


async def test_account_has_one_bound_for_all_of_its_names(open_api: OpenApi) -> None:
    async with open_api(limits=msgspec.structs.replace(HIGH_LIMITS, wrong_passwords=3)) as api:
        await api.register("alice")
        names = ("alice", "alice@example.org", "ALICE", "alice@example.org")
        assert [await log_in(api, name, "wrong", "203.0.113.1") for name in names] == [400, 400, 400, 429]


async def test_right_passwords_do_not_count(open_api: OpenApi) -> None:
    limits = msgspec.structs.replace(HIGH_LIMITS, wrong_passwords=2, wrong_passwords_per_account=2)
    async with open_api(limits=limits) as api:
        await api.register("alice")
        assert [await log_in(api, "alice", PASSWORD, "203.0.113.1") for _ in range(4)] == [200] * 4


async def test_wrong_passwords_of_who_is_logged_in_are_bounded_by_login(open_api: OpenApi) -> None:
    async with open_api(limits=msgspec.structs.replace(HIGH_LIMITS, wrong_passwords=2)) as api:
        alice = await api.register("alice")
        change = {"password": "wrong", "new_password": "another password"}
        assert [(await alice.patch("/users/@me", change)).status_code for _ in range(3)] == [400, 400, 429]
        token = (await api.nobody.post("/auth/login", {"login": "alice", "password": PASSWORD})).json()["token"]
        answer = await api.actor(token).patch("/users/@me", {**change, "password": PASSWORD})
        assert answer.status_code == 200


async def test_logins_and_registrations_leave_a_line_without_secrets(
    api: ApiUnderTest, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        alice = await api.register("alice")
        await api.nobody.post("/auth/login", {"login": "my secret", "password": "another secret"})
        await api.nobody.post("/auth/login", {"login": "alice", "password": "another secret"})
    ours = [record for record in caplog.records if record.name.startswith("api.")]
    assert [(record.message, str(record.__dict__["user_id"])) for record in ours] == [
        ("account registered", alice.id), ("login failed", "None"), ("login failed", alice.id)
    ]  # fmt: skip
    assert "secret" not in "".join(str(record.__dict__) for record in ours)


async def test_login_that_ends_while_a_body_comes_does_nothing_any_more(api: ApiUnderTest) -> None:
    alice = await api.register("alice")
    token = (await api.nobody.post("/auth/login", {"login": "alice", "password": PASSWORD})).json()["token"]
    head_was_read = asyncio.Event()
    is_ended = asyncio.Event()

    async def slow_body() -> AsyncIterator[bytes]:
        head_was_read.set()
        yield b'{"name":'
        await is_ended.wait()
        yield b'"mine"}'

    asking = asyncio.create_task(api.actor(token).request("POST", "/guilds", content=slow_body()))
    await head_was_read.wait()
    [newest, _] = await sessions_of(alice)
    assert (await alice.delete(f"/auth/sessions/{newest['id']}")).status_code == 204
    is_ended.set()
    assert (await asking).status_code == 401


async def test_login_with_the_old_password_does_not_outlive_its_change(api: ApiUnderTest) -> None:
    alice = await api.register("alice")
    change = {"password": PASSWORD, "new_password": "another password"}
    body = {"login": "alice", "password": PASSWORD}
    changed, *logins = await asyncio.gather(
        alice.patch("/users/@me", change), *(api.nobody.post("/auth/login", body) for _ in range(4))
    )
    assert changed.status_code == 200
    for login in logins:
        if login.status_code == 200:
            assert (await api.actor(login.json()["token"]).get("/users/@me")).status_code == 401


async def test_password_of_another_cost_is_hashed_anew_by_a_login(open_api: OpenApi) -> None:
    body = {"login": "alice@example.org", "password": PASSWORD}
    async with open_api(api=ApiSettings(password_memory_kib=8, password_passes=1)) as api:
        alice = await api.register("alice")
    async with open_api(api=ApiSettings(password_memory_kib=16, password_passes=1)) as api:
        requests = [api.nobody.post("/auth/login", body) for _ in range(4)]
        requests += [api.nobody.post("/auth/login", {**body, "password": "wrong password"})]
        # A request that logs in changes the hash that the other requests were checked against.
        rename = api.actor(alice.authorization).patch("/users/@me", {"password": PASSWORD, "username": "alicia"})
        renamed, *answers = await asyncio.gather(rename, *requests)
        assert renamed.status_code == 200
        assert [answer.status_code for answer in answers] == [200] * 4 + [400]
        account = await api.store.users.find_account(int(alice.id))
        assert account is not None
        assert str(account.password_hash).startswith("$argon2id$v=19$m=16,t=1,p=1$")
        assert (await api.nobody.post("/auth/login", {**body, "login": "alicia"})).status_code == 200


async def test_two_new_passwords_at_once_leave_one_owner(api: ApiUnderTest) -> None:
    alice = await api.register("alice")
    token = (await api.nobody.post("/auth/login", {"login": "alice", "password": PASSWORD})).json()["token"]
    answers = await asyncio.gather(
        *(
            actor.patch("/users/@me", {"password": PASSWORD, "new_password": f"another password {number}"})
            for number, actor in enumerate((alice, api.actor(token)))
        )
    )
    assert sorted(answer.status_code for answer in answers) in ([200, 400], [200, 401])
