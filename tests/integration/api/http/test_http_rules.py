"""The rules of every route: addresses, content types, limits, bounds and errors."""

import email.utils
import json
import re
from typing import Any

import msgspec
import pytest

from core.runtime.settings.settings import ApiSettings, LimitSettings
from tests.fakes.clock import START_MS, FakeClock
from tests.integration.api.accounts.test_users import make_guild
from tests.integration.api.conftest import HIGH_LIMITS, OpenApi
from tests.support.conformance import load_document
from tests.support.embedded_api import ApiUnderTest

ROOT = "http://guildway"


@pytest.mark.parametrize("prefix", ["/api/v10", "/api/v9", "/api"])
async def test_routes_answer_under_every_prefix(api: ApiUnderTest, prefix: str) -> None:
    alice = await api.register()
    guild_id = await make_guild(alice)
    assert (await alice.get(f"{ROOT}{prefix}/users/@me")).json()["id"] == alice.id
    assert (await alice.get(f"{ROOT}{prefix}/servers/{guild_id}")).json()["id"] == guild_id


async def test_unknown_version_is_refused(api: ApiUnderTest) -> None:
    answer = await api.nobody.get(f"{ROOT}/api/v6/gateway")
    assert (answer.status_code, answer.json()["code"]) == (400, 50041)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("GET", f"{ROOT}/", 404),
        ("GET", f"{ROOT}/api", 404),
        ("GET", "/users/@me/nothing/at/all", 404),
        ("DELETE", "/gateway", 405),
        ("PUT", "/auth/login", 405),
        ("TRACE", "/gateway", 405),
        ("GET", "/oauth2/userinfo", 501),
        ("GET", "/applications/1/skus", 501),
        ("POST", "/users/@me/devices", 501),
    ],
)
async def test_route_that_is_not_there_says_why(api: ApiUnderTest, method: str, path: str, status: int) -> None:
    answer = await api.nobody.request(method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["code"] == 0


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/channels/1/messages/search?content=x")],
)
async def test_unbuilt_route_below_a_built_one_says_so(api: ApiUnderTest, method: str, path: str) -> None:
    alice = await api.register()
    assert (await alice.request(method, path)).status_code == 501
    assert (await alice.request(method, "/channels/1/messages/pinned")).json()["code"] == 50035


async def test_head_answers_like_get_without_a_body(api: ApiUnderTest) -> None:
    got, head = await api.nobody.get("/gateway"), await api.nobody.request("HEAD", "/gateway")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(got.content))


@pytest.mark.parametrize("path", ["/users/@me", "/channels/1/messages", "/oauth2/userinfo", "/nothing"])
async def test_preflight_of_a_browser_is_answered_without_a_token(api: ApiUnderTest, path: str) -> None:
    asked = {"origin": "https://chat.example", "access-control-request-method": "PATCH"}
    answer = await api.nobody.request("OPTIONS", path, headers=asked)
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == "https://chat.example"
    assert "PATCH" in answer.headers["access-control-allow-methods"].split(", ")
    assert "Authorization" in answer.headers["access-control-allow-headers"].split(", ")


@pytest.mark.parametrize(
    ("path", "status"), [("/gateway", 200), ("/users/@me", 401), ("/nothing", 404), (f"{ROOT}/api/v6/gateway", 400)]
)
async def test_page_of_another_origin_may_read_every_answer(api: ApiUnderTest, path: str, status: int) -> None:
    answer = await api.nobody.get(path, headers={"origin": "https://chat.example"})
    assert answer.status_code == status
    assert answer.headers["access-control-allow-origin"] == "https://chat.example"
    assert answer.headers["access-control-allow-credentials"] == "true"
    assert "Retry-After" in answer.headers["access-control-expose-headers"].split(", ")
    assert answer.headers["vary"] == "Origin"
    answer = await api.nobody.get(path)
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in answer.headers


async def test_no_cookie_proves_who_somebody_is(api: ApiUnderTest) -> None:
    """Browsers send cookies with credentials. If one were a proof, any page could act for whoever opens it."""
    alice = await api.register()
    token = alice.authorization
    names = ("token", "Authorization", "authorization", "session", "sessionid", "__dcfduid", "auth")
    cookies = "; ".join(f"{name}={token}" for name in names)
    for method, path in (("GET", "/users/@me"), ("POST", "/auth/logout"), ("PATCH", "/users/@me"), ("POST", "/guilds")):
        answer = await api.nobody.request(
            method, path, json={"name": "x"}, headers={"cookie": cookies, "origin": "https://bad.example"}
        )
        assert (answer.status_code, answer.json()["code"]) == (401, 0), path
    assert (await alice.get("/users/@me")).status_code == 200


async def test_no_answer_sets_a_cookie(api: ApiUnderTest) -> None:
    who = {
        "username": "cookie",
        "email": "cookie@example.org",
        "password": "correct horse",
        "date_of_birth": "1990-01-01",
    }
    made = await api.nobody.post("/auth/register", who)
    again = await api.nobody.post("/auth/login", {"login": "cookie", "password": "correct horse"})
    for answer in (made, again, await api.actor(again.json()["token"]).get("/users/@me")):
        assert answer.is_success
        assert "set-cookie" not in answer.headers


async def test_every_operation_of_discord_is_built_or_says_that_it_is_not(api: ApiUnderTest) -> None:
    alice = await api.register()
    for path, item in load_document()["paths"].items():
        for method in {"get", "post", "put", "patch", "delete"} & set(item):
            answer = await alice.request(method.upper(), re.sub(r"\{.+?\}", "1", path))
            is_unknown_route = answer.status_code == 405 or answer.json() == {"message": "404: Not Found", "code": 0}
            assert not is_unknown_route, f"{method} {path}"


async def test_openapi_document_describes_parameters_and_answers(api: ApiUnderTest) -> None:
    document = (await api.nobody.get(f"{ROOT}/openapi.json")).json()
    assert document["openapi"].startswith("3.1")
    assert {"/users/@me", "/channels/{channel_id}/messages", "/guilds", "/auth/register"} <= set(document["paths"])
    for path, item in document["paths"].items():
        for method, operation in item.items():
            shown = [parameter["name"] for parameter in operation["parameters"] if parameter["in"] == "path"]
            assert all("{" + name + "}" in path for name in shown), (method, path)
            assert any(status.startswith("2") for status in operation["responses"])


async def test_page_of_the_api_lists_its_routes(api: ApiUnderTest) -> None:
    answer = await api.nobody.get(f"{ROOT}/api/docs")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "/api/v10/channels/{channel_id}/messages" in answer.text
    assert "<script" not in answer.text


async def test_request_without_the_database_is_told_when_to_come_again(
    api: ApiUnderTest, caplog: pytest.LogCaptureFixture
) -> None:
    alice = await api.register()
    await api.store.close()
    answer = await alice.patch("/users/@me", {"bio": "x"})
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    told = [record for record in caplog.records if record.message == "not available"]
    assert [(record.__dict__["method"], record.__dict__["route"]) for record in told] == [
        ("PATCH", "/api/v10/users/@me")
    ]
    assert told[0].exc_info is None


async def test_gateway_is_told_with_the_shards_that_a_bot_needs(api: ApiUnderTest) -> None:
    assert (await api.nobody.get("/gateway")).json() == {"url": "ws://127.0.0.1:8081"}
    assert (await api.nobody.get("/gateway/bot")).status_code == 401
    bot = await api.make_bot(await api.register())
    answer = (await bot.get("/gateway/bot")).json()
    assert answer["shards"] == 1
    untouched = {"total": 1000, "remaining": 1000, "reset_after": 86_400_000, "max_concurrency": 16}
    assert answer["session_start_limit"] == untouched
    for _ in range(3):
        assert (await api.starts.take(int(bot.id), 0)).is_allowed
    limit = (await bot.get("/gateway/bot")).json()["session_start_limit"]
    assert (limit["total"], limit["remaining"]) == (1000, 997)
    assert 0 < limit["reset_after"] <= 86_400_000


async def test_content_type_has_no_charset_and_204_no_content(api: ApiUnderTest) -> None:
    alice = await api.register()
    assert (await alice.get("/users/@me")).headers["content-type"] == "application/json"
    answer = await alice.post("/auth/logout")
    assert answer.status_code == 204
    assert "content-type" not in answer.headers
    assert "content-length" not in answer.headers


@pytest.mark.parametrize("content_type", [None, "application/json; charset=utf-8", "text/plain", "nonsense"])
async def test_body_is_json_whatever_it_is_called(api: ApiUnderTest, content_type: str | None) -> None:
    alice = await api.register()
    headers = {} if content_type is None else {"content-type": content_type}
    answer = await alice.request("PATCH", "/users/@me", content=b'{"bio":"x"}', headers=headers)
    assert answer.json()["bio"] == "x"


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"\xff\xfe",
        b'{"bio":"\xed\xa0\x80"}',
        b'{"bio":' + b"[" * 50_000 + b"]" * 50_000 + b"}",
        b"[" * 100_000,
        b"{}{}",
    ],
)
async def test_body_that_is_no_json_says_so(api: ApiUnderTest, body: bytes) -> None:
    alice = await api.register()
    answer = await alice.request("PATCH", "/users/@me", content=body)
    assert answer.status_code == 400
    assert answer.json()["code"] in (50035, 50109)


@pytest.mark.parametrize("body", [rb'{"bio":"cut \ud83d"}', rb'{"bio":"cut \ufffd","unknown":["\ud83d",{"\udc00":1}]}'])
async def test_half_of_a_surrogate_pair_is_shown_as_a_replacement(api: ApiUnderTest, body: bytes) -> None:
    alice = await api.register()
    answer = await alice.request("PATCH", "/users/@me", content=body)
    assert (answer.status_code, answer.json()["bio"]) == (200, "cut \ufffd")


@pytest.mark.parametrize("body", [b"[]", b"null", b"5", b'"text"', b"true"])
async def test_body_that_is_no_object_says_so(api: ApiUnderTest, body: bytes) -> None:
    alice = await api.register()
    answer = await alice.request("PATCH", "/users/@me", content=body)
    assert (answer.status_code, answer.json()["code"]) == (400, 50035)


async def test_body_that_is_too_large_is_refused(open_api: OpenApi) -> None:
    async with open_api(api=ApiSettings(max_json_bytes=2048)) as api:
        alice = await api.register()
        body = json.dumps({"session_id_hashes": ["1"] * 1000}).encode()

        async def in_pieces() -> object:
            for start in range(0, len(body), 100):
                yield body[start : start + 100]

        for content in (body, in_pieces()):
            answer = await alice.request("POST", "/auth/sessions/logout", content=content)
            assert (answer.status_code, answer.json()["code"]) == (413, 40005)


@pytest.mark.parametrize(
    "headers",
    [
        {"content-encoding": "gzip"},
        {"content-encoding": "identity, br"},
        {"content-type": "application/json; charset=utf-16"},
        {"content-type": 'application/json; Charset="ISO-8859-1"'},
    ],
)
async def test_body_in_a_form_that_is_not_read_here_is_refused(api: ApiUnderTest, headers: dict[str, str]) -> None:
    alice = await api.register()
    answer = await alice.request("PATCH", "/users/@me", content=b'{"bio":"x"}', headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (415, 0)
    assert (await alice.get("/users/@me")).json()["bio"] != "x"


@pytest.mark.parametrize("charset", ["utf-8", "UTF-8", '"utf-8"; x=y', "us-ascii", "utf-8; x=charset"])
async def test_charsets_that_are_utf8_are_read(api: ApiUnderTest, charset: str) -> None:
    alice = await api.register()
    headers = {"content-type": f"application/json; charset={charset}", "content-encoding": "identity"}
    answer = await alice.request("PATCH", "/users/@me", content=b'{"bio":"x"}', headers=headers)
    assert answer.json()["bio"] == "x"


@pytest.mark.parametrize(("method", "path"), [("DELETE", "/guilds/{}"), ("PATCH", "/guilds/{}")])
async def test_request_that_breaks_off_in_its_body_does_nothing(api: ApiUnderTest, method: str, path: str) -> None:
    alice = await api.register()
    guild_id = await make_guild(alice)
    before = len(api.deliveries)
    scope = {
        "type": "http", "method": method, "path": "/api/v10" + path.format(guild_id), "query_string": b"",
        "headers": [(b"authorization", alice.authorization.encode()), (b"content-length", b"9")], "client": None,
        "root_path": "", "raw_path": b"", "server": None, "scheme": "http", "http_version": "1.1",
    }  # fmt: skip
    arriving = [{"type": "http.request", "body": b"{}", "more_body": True}, {"type": "http.disconnect"}]
    sent: list[Any] = []

    async def receive() -> Any:
        return arriving.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    await api.built.asgi(scope, receive, send)
    assert sent[0]["status"] == 400
    assert len(api.deliveries) == before
    assert (await alice.get(f"/guilds/{guild_id}")).status_code == 200


@pytest.mark.parametrize("path", ["/invites/a%00b", "/users/@me/guilds?after=%00", "/users/%00"])
async def test_address_with_nul_is_refused(api: ApiUnderTest, path: str) -> None:
    answer = await (await api.register()).get(path)
    assert (answer.status_code, answer.json()["code"]) == (400, 50035)


@pytest.mark.parametrize(
    "path", ["/invites/%ff", "/users/%ff", "/oauth2/authorize?client_id=1&scope=%ff", "/users/@me/guilds?limit=%ff"]
)
async def test_address_that_is_no_text_is_an_ordinary_error(api: ApiUnderTest, path: str) -> None:
    answer = await (await api.register()).get(path)
    assert answer.status_code in (400, 404)


async def test_options_need_no_token(api: ApiUnderTest) -> None:
    answer = await api.nobody.request("OPTIONS", "/users/@me")
    assert answer.status_code == 204
    assert "GET" in answer.headers["allow"].split(", ")


async def test_headers_that_are_too_large_are_refused(api: ApiUnderTest) -> None:
    answer = await api.nobody.get("/gateway", headers={"x-large": "x" * 40_000})
    assert answer.status_code == 431


async def test_rate_limit_headers_tell_the_standing(open_api: OpenApi) -> None:
    limits = msgspec.structs.replace(HIGH_LIMITS, requests_per_second=5)
    clock = FakeClock()
    async with open_api(limits=limits, clock=clock) as api:
        alice = await api.register()
        first = await alice.get("/users/@me")
        clock.advance(0.25)
        second = await alice.get("/users/@me")
        other = await alice.get("/users/@me/guilds")
    assert [answer.headers["x-ratelimit-limit"] for answer in (first, second, other)] == ["5"] * 3
    assert [answer.headers["x-ratelimit-remaining"] for answer in (first, second, other)] == ["4", "3", "2"]
    assert [float(answer.headers["x-ratelimit-reset-after"]) for answer in (first, second)] == [1, 0.75]
    assert {float(answer.headers["x-ratelimit-reset"]) for answer in (first, second)} == {START_MS / 1000 + 1}
    assert first.headers["x-ratelimit-bucket"] == second.headers["x-ratelimit-bucket"]
    assert first.headers["x-ratelimit-bucket"] != other.headers["x-ratelimit-bucket"]


async def test_every_answer_has_its_date(open_api: OpenApi) -> None:
    clock = FakeClock()
    async with open_api(clock=clock) as api:
        alice = await api.register()
        for path in ("/users/@me", "/channels/1", "/nothing", f"{ROOT}/api/v6/gateway"):
            for method in ("GET", "HEAD", "OPTIONS"):
                clock.advance(0.4)
                answer = await alice.request(method, path)
                assert answer.headers.get_list("date") == [email.utils.formatdate(clock.now_ms() // 1000, usegmt=True)]


async def test_too_many_requests_are_globally_limited_per_user(open_api: OpenApi) -> None:
    limits = msgspec.structs.replace(HIGH_LIMITS, requests_per_second=20)
    clock = FakeClock()
    async with open_api(limits=limits, clock=clock) as api:
        alice, bob = await api.register(), await api.register()
        answers = [await alice.get("/users/@me/connections") for _ in range(20)]
        clock.advance(0.25)
        answers.append(await alice.get("/users/@me/connections"))
        assert (await bob.get("/users/@me/connections")).status_code == 200
        clock.advance(1)
        assert (await alice.get("/users/@me/connections")).status_code == 200
    assert [answer.status_code for answer in answers] == [200] * 20 + [429]
    limited = answers[-1]
    body = limited.json()
    assert body["global"] is True
    assert limited.headers["x-ratelimit-global"] == "true"
    assert limited.headers["x-ratelimit-scope"] == "global"
    assert limited.headers["x-ratelimit-remaining"] == "0"
    assert limited.headers["via"]
    assert (limited.headers["retry-after"], body["retry_after"]) == ("1", 0.75)


async def test_limits_that_are_off_show_no_headers(open_api: OpenApi) -> None:
    async with open_api(limits=LimitSettings(enabled=False)) as api:
        answer = await api.nobody.get("/gateway")
    assert not [name for name in answer.headers if name.startswith("x-ratelimit")]


async def test_reason_is_decoded_and_bounded(api: ApiUnderTest) -> None:
    alice, bob = await api.register(), await api.register()
    guild_id = await make_guild(alice)
    path = f"/guilds/{guild_id}/bans/{bob.id}"
    answer = await alice.put(path, headers={"x-audit-log-reason": "b%C3%A4d"})
    assert answer.status_code == 204
    assert (await alice.get(path)).json()["reason"] == "bäd"
    for reason in ("%FF", "x" * 513, "%00"):
        answer = await alice.put(path, headers={"x-audit-log-reason": reason})
        assert (answer.status_code, answer.json()["code"]) == (400, 50035)


async def test_latency_is_measured_by_template(api: ApiUnderTest) -> None:
    alice = await api.register()
    await alice.get("/users/1")
    await alice.get("/users/2")
    await api.nobody.request("BREW", "/coffee")
    samples = {
        (sample.labels["route"], sample.labels["method"], sample.labels["status"]): sample.value
        for metric in api.metrics.registry.collect()
        for sample in metric.samples
        if sample.name == "guildway_api_latency_seconds_count"
    }
    assert samples[("/api/v10/users/{user_id}", "GET", "404")] == 2
    assert samples[("unmatched", "OTHER", "404")] == 1
