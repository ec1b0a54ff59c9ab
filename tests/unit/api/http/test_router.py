"""The tree of paths."""

from typing import Any

import pytest

from api.http.answers import Answer
from api.http.router import Router


class EchoEndpoint:
    """An endpoint that answers with its template and the path's values."""

    def __init__(self, method: str, template: str) -> None:
        self.method = method
        self.template = template

    async def answer(self, _scope: Any, _receive: Any, segments: Any) -> Answer:
        return Answer(" ".join([self.template, *segments]).encode(), status=200)


def router_of(*routes: str) -> Any:
    places: Any = [EchoEndpoint(*route.split()) for route in routes]
    return Router(places)


async def find(router: Router, method: str, path: str) -> str | int:
    answer = await router.answer({"method": method, "path": path}, None)  # type: ignore[arg-type]
    return answer.body.decode() if answer.status == 200 else answer.status


def test_two_routes_for_one_address_are_refused() -> None:
    with pytest.raises(ValueError, match="two routes for GET"):
        router_of("GET /a/{b}", "POST /a/{b}", "GET /a/{c}")


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/users/@me", "/users/@me"),
        ("/users/7", "/users/{user_id} 7"),
        ("/users/7/notes/x y", "/users/{user_id}/notes/{name} 7 x y"),
        ("//users//7/", "/users/{user_id} 7"),
        ("/users/@me/notes/x", "/users/{user_id}/notes/{name} @me x"),
        ("/users/@me/notes", 404),
        ("/users/@me/keys", "/users/@me/keys"),
        ("/users/@me/keys/1", 404),
        ("/users/@me/keys/lost", "/users/{user_id}/{kind}/lost @me keys"),
        ("/users", 404),
        ("/users/7/notes", 404),
        ("/users/7/8", 404),
        ("/", 404),
        ("", 404),
    ],
)
async def test_literal_segment_wins_over_a_parameter_unless_nothing_answers_below_it(
    path: str, found: str | int
) -> None:
    router = router_of(
        "GET /users/{user_id}",
        "GET /users/@me",
        "GET /users/@me/keys",
        "GET /users/{user_id}/notes/{name}",
        "GET /users/{user_id}/{kind}/lost",
    )
    assert await find(router, "GET", path) == found


async def test_parameter_has_the_name_that_its_own_route_gives_it() -> None:
    router = router_of("GET /a/{one}", "POST /a/{two}", "GET /a/{three}/b")
    assert await find(router, "GET", "/a/1") == "/a/{one} 1"
    assert await find(router, "POST", "/a/1") == "/a/{two} 1"
    assert await find(router, "GET", "/a/1/b") == "/a/{three}/b 1"


async def test_address_with_another_method_lists_its_methods() -> None:
    router = router_of("GET /a", "DELETE /a")
    answer = await router.answer({"method": "POST", "path": "/a"}, None)
    assert (answer.status, dict(answer.headers)[b"allow"]) == (405, b"DELETE, GET, OPTIONS")
    scope: Any = {"method": "OPTIONS", "path": "/a"}
    answer = await router.answer(scope, None)
    assert (answer.status, answer.headers) == (204, [(b"allow", b"DELETE, GET, OPTIONS")])
