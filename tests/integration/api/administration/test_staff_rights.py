"""Each route of `/admin` with every kind of token, as an outsider would try it."""

import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.http.route import Route
from api.routes.admin_reference import write_reference
from api.routes.all_routes import ADMIN_ROUTES
from api.services.administration.operator_passes import make_pass
from api.services.administration.staff_authenticator import StaffAuthenticator
from core.domain.ids import MAX_SNOWFLAKE
from core.domain.instance.staff import has_rank
from core.runtime.clock import SystemClock
from tests.fakes.clock import FakeClock
from tests.integration.api.administration.conftest import ADMIN, StaffScene, hire
from tests.integration.api.conftest import OPERATOR_KEY, OpenApi, operator_pass
from tests.support.embedded_api import Actor

BASE = "http://guildway"
RANKED = ("reader", "moderator", "owner")


async def call(actor: Actor, route: Route, *, value: str = "1") -> httpx.Response:
    """Call a route with ids that nothing has."""
    path = re.sub(r"\{\w+\}", value, route.paths[0])
    if route.method in ("GET", "DELETE"):
        return await actor.request(route.method, BASE + path)
    return await actor.request(route.method, BASE + path, json={})


def test_each_route_of_admin_names_its_role_and_each_writing_one_takes_a_reason() -> None:
    for route in ADMIN_ROUTES:
        assert route.staff_role in RANKED, route.paths
        assert not route.is_public
        assert not route.is_signed
        assert route.paths[0].startswith("/admin/")
        if route.method != "GET":
            assert route.is_audited, route.paths
            assert route.staff_role != "reader", route.paths


def test_reference_is_that_of_the_routes() -> None:
    page = Path(__file__).parents[4] / "docs" / "admin.md"
    assert page.read_text() == write_reference(), "run `python -m api.routes.admin_reference`"


async def test_no_token_but_one_of_staff_passes_any_route(scene: StaffScene) -> None:
    api = scene.api
    person = await api.register()
    bot = await api.make_bot(person)
    secret = scene.owner.authorization.removeprefix("Staff ")
    operator = scene.operator.authorization
    outsiders = {
        "nobody": "",
        "person": person.authorization,
        "person as staff": f"Staff {person.authorization}",
        "person as operator": f"Operator {person.authorization}",
        "bot": bot.authorization,
        "bot as staff": f"Staff {bot.authorization.removeprefix('Bot ')}",
        "staff without a scheme": secret,
        "staff as a bot": f"Bot {secret}",
        "staff in small letters": f"staff {secret}",
        "staff, twice": f"Staff Staff {secret}",
        "a part of the token": f"Staff {secret[:-1]}",
        "empty staff": "Staff ",
        "empty operator": "Operator ",
        "the key itself": f"Operator {OPERATOR_KEY.hex()}",
        "a part of a pass": operator[:-1],
        "a pass of another key": f"Operator {make_pass(b'another key', SystemClock().now_ms())}",
        "a pass of no key": f"Operator {make_pass(b'', SystemClock().now_ms())}",
        "a pass of yesterday": operator_pass(SystemClock().now_ms() - 86_400_000),
        "a pass of tomorrow": operator_pass(SystemClock().now_ms() + 86_400_000),
        "a pass with another end": operator.replace("Operator 1", "Operator 2"),
        "a pass as staff": operator.replace("Operator", "Staff"),
    }
    for name, authorization in outsiders.items():
        for route in ADMIN_ROUTES:
            answer = await call(api.actor(authorization), route)
            assert answer.status_code == 401, (name, route.method, route.paths)
    assert len(await scene.log()) == 6, "only the staff's beginning is in the log"


@pytest.mark.parametrize("role", RANKED)
async def test_each_role_passes_its_routes_and_no_others(scene: StaffScene, role: str) -> None:
    for route in ADMIN_ROUTES:
        assert route.staff_role is not None
        answer = await call(getattr(scene, role), route)
        may = has_rank(role, route.staff_role)  # type: ignore[arg-type]
        assert (answer.status_code != 403) is may, (route.method, route.paths, answer.text)
        assert answer.status_code != 401


async def test_odd_requests_of_staff_are_refused_and_not_faults_of_the_server(scene: StaffScene) -> None:
    bodies = (b"", b"[]", b"5", b'"x"', b"{", b"\xff", b'{"username": 5, "role": [], "mode": 1, "max_uses": -1}')
    for route in ADMIN_ROUTES:
        for value in ("0", str(MAX_SNOWFLAKE), str(MAX_SNOWFLAKE + 1), "-1", "x", "%00", "%ff"):
            path = BASE + re.sub(r"\{\w+\}", value, route.paths[0])
            for body in bodies if route.method != "GET" else (b"",):
                answer = await scene.operator.request(route.method, path, content=body)
                assert answer.status_code < 500, (route.method, path, body, answer.text)
    for query in ("after=-1", "limit=0", "limit=x", "before=x", "search=%00", "search=%ff", "target=%00", "actor=-1"):
        for path in ("users", "guilds", "log"):
            answer = await scene.operator.get(f"{ADMIN}/{path}?{query}")
            assert answer.status_code < 500, (path, query, answer.text)


async def test_tokens_of_staff_mean_nothing_elsewhere(scene: StaffScene) -> None:
    secret = scene.owner.authorization.removeprefix("Staff ")
    for authorization in (scene.owner.authorization, secret, f"Bot {secret}", scene.operator.authorization):
        assert (await scene.api.actor(authorization).get("/users/@me")).status_code == 401


async def test_bytes_that_are_no_text_are_nobodys_token(scene: StaffScene) -> None:
    find = StaffAuthenticator(staff=scene.api.store.staff, clock=SystemClock(), operator_key=OPERATOR_KEY).find
    for header in (
        "Operator \udcff\udcfe",
        "Operator 1.\udcff",
        "Staff \udcff",
        "Operator é",
        "Operator 1.é",
        "\udcff",
    ):
        assert await find(header) is None
    assert await find(operator_pass()) is not None


async def test_server_without_an_operators_key_has_no_operator(open_api: OpenApi) -> None:
    async with open_api(operator_key=b"") as api:
        for authorization in (
            "Operator ",
            "Operator",
            f"Operator {make_pass(b'', SystemClock().now_ms())}",
            operator_pass(),
        ):
            assert (await api.actor(authorization).get(f"{ADMIN}/users")).status_code == 401


async def test_revoked_and_removed_tokens_are_of_no_use_at_once(scene: StaffScene) -> None:
    one, other = await hire(scene.api, scene.owner, "owner"), await hire(scene.api, scene.owner, "owner")
    [token] = (await scene.owner.get(f"{ADMIN}/staff/{one.id}/tokens")).json()
    assert set(token) == {"id", "created_at", "expires_at", "token"}
    assert token["token"] is None
    assert (await one.get(f"{ADMIN}/staff")).status_code == 200
    assert (await scene.owner.delete(f"{ADMIN}/staff/{one.id}/tokens/{token['id']}")).status_code == 204
    assert (await one.get(f"{ADMIN}/staff")).status_code == 401
    assert (await other.get(f"{ADMIN}/staff")).status_code == 200
    assert (await scene.owner.delete(f"{ADMIN}/staff/{other.id}")).status_code == 204
    assert (await other.get(f"{ADMIN}/staff")).status_code == 401
    assert (await scene.owner.delete(f"{ADMIN}/staff/{other.id}")).status_code == 404


async def test_demoted_member_keeps_the_token_with_the_lower_role(scene: StaffScene) -> None:
    assert (await scene.owner.put(f"{ADMIN}/staff/{scene.moderator.id}", {"role": "reader"})).status_code == 200
    victim = await scene.api.register()
    assert (await scene.moderator.put(f"{ADMIN}/users/{victim.id}/suspension")).status_code == 403
    assert (await scene.moderator.get(f"{ADMIN}/users")).status_code == 200


async def test_moderators_have_no_power_over_the_staff(scene: StaffScene) -> None:
    for member in (scene.owner, scene.reader, scene.moderator):
        for method, path in (("PUT", "suspension"), ("DELETE", "suspension"), ("DELETE", "sessions")):
            answer = await scene.moderator.request(method, f"{ADMIN}/users/{member.id}/{path}")
            assert answer.status_code == 403, (method, path)
        assert (await scene.moderator.delete(f"{ADMIN}/users/{member.id}/sessions/1")).status_code == 403
    assert (await scene.owner.put(f"{ADMIN}/users/{scene.moderator.id}/suspension")).status_code == 204
    assert (await scene.moderator.get(f"{ADMIN}/users")).status_code == 401
    assert (await scene.owner.post(f"{ADMIN}/staff/{scene.moderator.id}/tokens")).status_code == 403


async def test_token_of_staff_ends_when_it_says(open_api: OpenApi) -> None:
    clock = FakeClock()
    async with open_api(clock=clock) as api:
        operator = api.actor(operator_pass(clock.now_ms()))
        member = await hire(api, operator, "reader")
        made: dict[str, Any] = (await operator.post(f"{ADMIN}/staff/{member.id}/tokens", {"max_age": 60})).json()
        short = api.actor(f"Staff {made['token']}")
        clock.advance(59.0)
        assert (await short.get(f"{ADMIN}/users")).status_code == 200
        clock.advance(1.0)
        assert (await short.get(f"{ADMIN}/users")).status_code == 401
        assert (await member.get(f"{ADMIN}/users")).status_code == 200
        assert (await operator.post(f"{ADMIN}/staff/{member.id}/tokens", {"max_age": -1})).status_code == 400
