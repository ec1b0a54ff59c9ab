"""A route's declaration is checked when it is bound, not by its first request. A request passes its steps in order."""

from typing import Any

import msgspec
import pytest

from api.http.answers import Answer
from api.http.binding import BodyBounds, Endpoint, bind
from api.http.parameters import SnowflakePath
from api.http.route import Route, get, post, put
from api.http.scope import CALLER_KEY, TEMPLATE_KEY
from api.services.administration.staff_authenticator import Staff
from api.services.caller import Caller
from core.domain.errors import Unauthorized
from core.domain.people.user import User


class Greeter:
    def greet(self) -> str:
        return "hello"


class OpenGate:
    """Admits everybody. `ends_session` ends the auth session while a body is read."""

    def __init__(self, *, ends_session: bool = False) -> None:
        self.changes = 0
        self._ends_session = ends_session

    async def admit(self, scope: Any, *, is_public: bool) -> None:
        scope["admitted"] = is_public

    async def confirm(self, scope: Any) -> None:
        if self._ends_session:
            raise Unauthorized


def endpoint_of(route: Route, gate: Any = None, **services: Any) -> Endpoint:
    (endpoint,) = bind(
        route, services, gate=gate or OpenGate(), staff_gate=OpenGate(), bounds=BodyBounds(100, 1000), prefix="/api/v10"
    )
    return endpoint


async def ask(endpoint: Endpoint, *segments: str, body: bytes = b"", query: bytes = b"", **more: Any) -> Answer:
    async def receive() -> Any:
        return {"type": "http.request", "body": body, "more_body": False}

    path = "/api/v10/" + "/".join(segments)
    scope = {"method": endpoint.method, "path": path, "headers": [], "query_string": query, **more}
    return await endpoint.answer(scope, receive, segments)


def test_staff_is_asked_for_on_routes_of_staff_alone() -> None:
    @get("/log")
    async def show(staff: Staff) -> str:
        return staff.role

    with pytest.raises(TypeError, match="asks for staff"):
        endpoint_of(show)


def test_service_of_another_class_is_refused_at_start() -> None:
    @get("/greeting")
    async def show(greeter: Greeter) -> str:
        return greeter.greet()

    with pytest.raises(TypeError, match="asks for greeter"):
        endpoint_of(show, greeter="somebody else")


def test_parameter_of_the_path_that_nobody_takes_is_refused_at_start() -> None:
    @get("/things/{thing_id}")
    async def show() -> str:
        return ""

    with pytest.raises(TypeError, match="does not take all parameters"):
        endpoint_of(show)


def test_reason_on_a_route_that_takes_none_is_refused_at_start() -> None:
    @put("/things")
    async def change(reason: str | None) -> str:
        return reason or ""

    with pytest.raises(TypeError, match="asks for a reason"):
        endpoint_of(change)


async def test_handler_gets_what_it_asks_for() -> None:
    class Form(msgspec.Struct):
        name: str

    @post("/things/{thing_id}", status=201, is_audited=True)
    async def make(
        thing_id: SnowflakePath, caller: Caller, data: Form, reason: str | None, greeter: Greeter, *, loud: bool = False
    ) -> list[Any]:
        return [thing_id, caller.user_id, data.name, reason, greeter.greet(), loud]

    caller = Caller(user=User(id=5, username="x"), auth_session_id=1)
    answer = await ask(
        endpoint_of(make, greeter=Greeter()),
        "7",
        body=b'{"name":"n"}',
        query=b"loud=1",
        headers=[(b"x-audit-log-reason", b"because")],
        **{CALLER_KEY: caller},
    )
    assert (answer.status, answer.body) == (201, b'[7,5,"n","because","hello",true]')


async def test_handler_that_wants_a_caller_is_not_called_without_one() -> None:
    @get("/things", is_public=True)
    async def show(caller: Caller) -> int:
        return caller.user_id

    assert (await ask(endpoint_of(show))).status == 401


async def test_auth_session_that_ends_while_its_body_comes_does_nothing() -> None:
    done = []

    @post("/things")
    async def make() -> None:
        done.append(1)

    gate = OpenGate(ends_session=True)

    async def receive() -> Any:
        gate.changes += 1
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {"method": "POST", "path": "/api/v10/things", "headers": [], "query_string": b""}
    answer = await endpoint_of(make, gate).answer(scope, receive, ())
    assert (answer.status, done) == (401, [])


async def test_answer_of_a_handler_keeps_its_own_status() -> None:
    @get("/things")
    async def show(scope: Any) -> Answer:
        return Answer(scope[TEMPLATE_KEY].encode(), status=203)

    answer = await ask(endpoint_of(show))
    assert (answer.status, answer.body) == (203, b"/api/v10/things")


async def test_failure_of_a_handler_is_an_answer() -> None:
    @get("/things")
    async def show() -> None:
        raise KeyError("secret")

    answer = await ask(endpoint_of(show))
    assert answer.status == 500
    assert b"secret" not in answer.body
