"""The short way of requests and the framework's: equal answers, whichever one a request takes.

A slash at the end of a path makes no difference to the framework and is not in the table of compiled routes, so the same
request with and without one goes both ways.
"""

from typing import Any

import pytest

from tests.integration.api_client import ApiUnderTest
from tests.integration.guild_scene import Scene

TOLD = ("content-type", "content-length", "x-ratelimit-limit", "x-ratelimit-bucket", "access-control-allow-origin")


@pytest.fixture
async def scene(api: ApiUnderTest) -> Scene:
    return await Scene.build(api)


async def ask_both(sender: Any, method: str, path: str, **options: Any) -> tuple[Any, Any]:
    answers = [await sender.request(method, address, **options) for address in (path, path + "/")]
    short, long = (
        (answer.status_code, answer.content, [answer.headers.get(name) for name in TOLD]) for answer in answers
    )
    return short, long


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/users/@me", 200),
        ("GET", "/users/1", 404),
        ("GET", "/channels/{channel}", 200),
        ("GET", "/guilds/{guild}/roles", 200),
        ("GET", "/guilds/{guild}/members/{owner}", 200),
        ("HEAD", "/users/@me", 200),
        ("PUT", "/channels/{channel}/permissions/1", 404),
        ("DELETE", "/channels/{channel}/messages/1", 404),
        ("POST", "/channels/{channel}/typing", 204),
    ],
)
async def test_both_ways_give_equal_answers(scene: Scene, method: str, path: str, status: int) -> None:
    path = path.format(channel=scene.general, guild=scene.id, owner=scene.owner.id)
    short, long = await ask_both(scene.owner, method, path)
    assert short == long
    assert short[0] == status


@pytest.mark.parametrize("segment", ["0", "9223372036854775807", "9223372036854775808", "00", "+1", "x", "１", "1%2F2"])
async def test_both_ways_take_the_same_for_an_id(scene: Scene, segment: str) -> None:
    short, long = await ask_both(scene.owner, "GET", f"/channels/{segment}")
    assert short == long
    assert short[0] in (400, 404)


@pytest.mark.parametrize(
    ("body", "status"), [(b"{", 400), (b'{"content":1}', 400), (b"", 400), (b'{"content":"' + b"x" * 2001 + b'"}', 400)]
)
async def test_both_ways_say_the_same_of_a_wrong_body(scene: Scene, body: bytes, status: int) -> None:
    short, long = await ask_both(scene.owner, "POST", f"/channels/{scene.general}/messages", content=body)
    assert short == long
    assert short[0] == status


async def test_both_ways_want_a_token(scene: Scene, api: ApiUnderTest) -> None:
    short, long = await ask_both(api.nobody, "GET", f"/channels/{scene.general}")
    assert short == long
    assert short[0] == 401


async def test_both_ways_count_under_the_route(scene: Scene, api: ApiUnderTest) -> None:
    await ask_both(scene.owner, "GET", f"/guilds/{scene.id}/roles")
    labels = {"route": "/api/v10/guilds/{guild_id}/roles", "method": "GET", "status": "200"}
    assert api.metrics.registry.get_sample_value("guildway_api_latency_seconds_count", labels) == 2
