"""Odd addresses, queries and methods, each with its answer."""

from typing import Any

import pytest

from tests.support.embedded_api import ApiUnderTest
from tests.support.guild_scene import Scene, error_code

ROOT = "http://guildway"
NOT_FOUND = {"message": "404: Not Found", "code": 0}
NOT_ALLOWED = {"message": "405: Method Not Allowed", "code": 0}
NOT_BUILT = {"message": "This server does not support this yet", "code": 0}
LAST_ID = str(2**63 - 1)


@pytest.fixture
async def scene(api: ApiUnderTest) -> Scene:
    return await Scene.build(api)


def field_error(name: str, code: str, message: str) -> dict[str, Any]:
    errors = {name: {"_errors": [{"code": code, "message": message}]}}
    return {"message": "Invalid Form Body", "code": 50035, "errors": errors}


@pytest.mark.parametrize(
    "path",
    ["/api/v10/gateway", "/api/v10/gateway/", "/api/v10/gateway//", "/api/v10//gateway", "//api/v10/gateway",
     "/api/v10/%67ateway", "/api/v10/gateway?", "/api/v10/gateway?unknown=1&&=x"],
)  # fmt: skip
async def test_slashes_encoding_and_unknown_parameters_make_no_difference(api: ApiUnderTest, path: str) -> None:
    answer = await api.nobody.get(ROOT + path)
    assert (answer.status_code, answer.json()) == (200, {"url": "ws://127.0.0.1:8081"})


@pytest.mark.parametrize(
    "path",
    ["/", "/api", "/api/v10", "/API/v10/gateway", "/api/v10/Gateway", "/api//v10/gateway", "/api/vx/gateway",
     "/api/v10/gateway;x", "/api/v10/invites", "/api/v10/users/@me/nothing", "/api/v10/guilds/1/nothing/",
     "/api/docs/x", "/avatars/x/1", "/a/b", "/a/b/c/d", "/guilds/1/users/2/icons/x"],
)  # fmt: skip
async def test_address_of_nothing_is_not_found(api: ApiUnderTest, path: str) -> None:
    for actor in (api.nobody, await api.register()):
        answer = await actor.get(ROOT + path)
        assert (answer.status_code, answer.json()) == (404, NOT_FOUND)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/gateway", "GET, OPTIONS"),
        ("GET", "/auth/login", "OPTIONS, POST"),
        ("PUT", "/channels/1/messages", "GET, OPTIONS, POST"),
        ("TRACE", "/channels/1/messages/1", "DELETE, GET, OPTIONS, PATCH"),
        ("GET", "/guilds/1/members/@me/nick", "OPTIONS, PATCH"),
        ("PATCH", "/invites/x/", "DELETE, GET, OPTIONS, POST"),
    ],
)
async def test_other_method_of_an_address_is_told_which_there_are(
    api: ApiUnderTest, method: str, path: str, allowed: str
) -> None:
    answer = await api.nobody.request(method, path)
    assert (answer.status_code, answer.json(), answer.headers["allow"]) == (405, NOT_ALLOWED, allowed)
    options = await api.nobody.request("OPTIONS", path)
    assert (options.status_code, options.content, options.headers["allow"]) == (204, b"", allowed)
    assert "x-ratelimit-limit" not in options.headers


@pytest.mark.parametrize("path", ["/nothing", "/oauth2/userinfo"])
async def test_options_of_what_is_not_there_is_not_found(api: ApiUnderTest, path: str) -> None:
    assert (await api.nobody.request("OPTIONS", path)).status_code == 404


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/oauth2/userinfo/"),
        ("POST", "/users/@me/devices"),
        ("POST", "/applications/1/commands"),
        ("GET", "/guilds/1/audit-logs/"),
        ("HEAD", "/guilds/1/audit-logs"),
        ("POST", "/channels/1/polls/1/expire"),
        ("GET", "/guilds/templates/x"),
        ("GET", "/guilds/1/members/@me"),
    ],
)
async def test_documented_route_without_an_endpoint_is_not_built(scene: Scene, method: str, path: str) -> None:
    answer = await scene.owner.request(method, path)
    assert answer.status_code == 501
    assert method == "HEAD" or answer.json() == NOT_BUILT


@pytest.mark.parametrize("segment", ["x", "00", "007", "+1", "-1", "%201", "1_0", "@me", "null", "true", "1.0", "1e3", "１", "1%3Fb", "%ff",
                                     str(2**63), "9" * 30])  # fmt: skip
async def test_segment_that_is_no_snowflake_is_named(scene: Scene, segment: str) -> None:
    answer = await scene.owner.get(f"/channels/{segment}")
    assert answer.status_code == 400
    (error,) = answer.json()["errors"]["channel_id"]["_errors"]
    assert error["code"] == "NUMBER_TYPE_COERCE"
    assert error["message"].endswith('" is not snowflake.')


@pytest.mark.parametrize("segment", ["0", LAST_ID])
async def test_segment_that_is_a_number_is_looked_up(scene: Scene, segment: str) -> None:
    assert (await scene.owner.get(f"/channels/{segment}")).json()["code"] == 10003


async def test_token_is_asked_for_before_anything_is_read(api: ApiUnderTest) -> None:
    for method, path in (("GET", "/channels/x"), ("GET", "/users/@me/guilds?limit=x"), ("POST", "/guilds")):
        assert (await api.nobody.request(method, path, content=b"{")).status_code == 401


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("/users/@me/guilds?limit=", field_error("limit", "NUMBER_TYPE_COERCE", 'Value "" is not int.')),
        ("/users/@me/guilds?limit", field_error("limit", "NUMBER_TYPE_COERCE", 'Value "" is not int.')),
        ("/users/@me/guilds?limit=1.5", field_error("limit", "NUMBER_TYPE_COERCE", 'Value "1.5" is not int.')),
        ("/users/@me/guilds?limit=+1", field_error("limit", "NUMBER_TYPE_COERCE", 'Value " 1" is not int.')),
        ("/users/@me/guilds?limit=01", field_error("limit", "NUMBER_TYPE_COERCE", 'Value "01" is not int.')),
        ("/users/@me/guilds?limit=1.0", field_error("limit", "NUMBER_TYPE_COERCE", 'Value "1.0" is not int.')),
        ("/users/@me/guilds?limit=1e0", field_error("limit", "NUMBER_TYPE_COERCE", 'Value "1e0" is not int.')),
        ("/users/@me/guilds?after=null", field_error("after", "NUMBER_TYPE_COERCE", 'Value "null" is not int.')),
        ("/users/@me/guilds?limit=null", field_error("limit", "NUMBER_TYPE_COERCE", 'Value "null" is not int.')),
        ("/users/@me/guilds?limit=1;after=2", field_error("limit", "NUMBER_TYPE_COERCE", 'Value "1;after=2" is not int.')),
        ("/users/@me/guilds?limit=1&limit=0",
         field_error("limit", "NUMBER_TYPE_MIN", "int value should be greater than or equal to 1.")),
        ("/users/@me/guilds?limit=201",
         field_error("limit", "NUMBER_TYPE_MAX", "int value should be less than or equal to 200.")),
        ("/users/@me/guilds?after=x", field_error("after", "NUMBER_TYPE_COERCE", 'Value "x" is not int.')),
        ("/users/@me/guilds?with_counts=", field_error("with_counts", "BOOLEAN_TYPE_CONVERT", "Must be either true or false.")),
        ("/users/@me/guilds?with_counts=yes",
         field_error("with_counts", "BOOLEAN_TYPE_CONVERT", "Must be either true or false.")),
        ("/oauth2/authorize", field_error("client_id", "BASE_TYPE_REQUIRED", "This field is required")),
        ("/oauth2/authorize?client_id=1&scope=" + "x" * 201,
         field_error("scope", "BASE_TYPE_MAX_LENGTH", "Must be 200 or fewer in length.")),
    ],
)  # fmt: skip
async def test_wrong_query_is_named_as_the_client_wrote_it(scene: Scene, path: str, error: dict[str, Any]) -> None:
    answer = await scene.owner.get(path)
    assert (answer.status_code, answer.json()) == (400, error)


async def test_all_wrong_parameters_are_told_together(scene: Scene) -> None:
    answer = await scene.owner.get("/channels/x/messages?limit=0&before=y")
    assert set(answer.json()["errors"]) == {"channel_id", "limit", "before"}


@pytest.mark.parametrize(
    ("query", "count"),
    [("limit=1", 1), ("limit=x&limit=1", 1), ("limit=%31", 1), ("Limit=x", 2), (f"after={LAST_ID}", 0), ("with_counts=TRUE&with_counts=0", 2)],
)  # fmt: skip
async def test_query_is_read_leniently(scene: Scene, query: str, count: int) -> None:
    await scene.owner.post("/guilds", {"name": "another"})
    answer = await scene.owner.get("/users/@me/guilds?" + query)
    assert (answer.status_code, len(answer.json())) == (200, count)


@pytest.mark.parametrize("query", ["include_roles={0}&include_roles={0}", "include_roles={0},{0}", "include_roles={0}"])
async def test_list_in_a_query_takes_all_its_values(scene: Scene, query: str) -> None:
    role = await scene.add_role()
    path = f"/guilds/{scene.id}/prune?days=1&"
    assert (await scene.owner.get(path + query.format(role))).json() == {"pruned": 0}
    answer = await scene.owner.get(path + query.format(role) + "&include_roles=x")
    assert set(answer.json()["errors"]) == {"include_roles"}


@pytest.mark.parametrize("code", ["a%2Fb", "%20x", "%C3%BC", "%ff", "x" * 3000, "x/"])
async def test_text_in_a_path_may_be_anything_but_a_slash(api: ApiUnderTest, code: str) -> None:
    answer = await api.nobody.get(f"/invites/{code}")
    assert answer.status_code == 404
    assert answer.json()["code"] == (0 if code == "a%2Fb" else 10006)


async def test_emoji_in_a_path_is_a_text(scene: Scene) -> None:
    message = (await scene.owner.post(f"/channels/{scene.general}/messages", {"content": "x"})).json()["id"]
    path = f"/channels/{scene.general}/messages/{message}/reactions"
    answer = await scene.owner.get(f"{path}/%F0%9F%98%80")
    assert (answer.status_code, answer.json()) == (200, [])
    for emoji in ("a:1", "x"):
        assert error_code(await scene.owner.get(f"{path}/{emoji}")) == (400, 10014)


async def test_requests_are_counted_under_their_route(scene: Scene, api: ApiUnderTest) -> None:
    for path in ("roles", "roles/"):
        await scene.owner.get(f"/guilds/{scene.id}/{path}")
    await scene.owner.request("OPTIONS", f"/guilds/{scene.id}/roles")
    name = "guildway_api_latency_seconds_count"
    labels = {"route": "/api/v10/guilds/{guild_id}/roles", "method": "GET", "status": "200"}
    assert api.metrics.registry.get_sample_value(name, labels) == 2
    assert api.metrics.registry.get_sample_value(name, {**labels, "method": "OPTIONS", "status": "204"}) == 1
