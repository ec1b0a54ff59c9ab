"""What is said of an OpenSearch, from its recorded answers: a small HTTP server stands in its place."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from aiohttp import web

from core.runtime.settings.settings import SearchSettings
from core.store.search.opensearch import OpenSearch

HEALTH = {
    "cluster_name": "guildway",
    "status": "green",
    "timed_out": False,
    "number_of_nodes": 1,
    "number_of_data_nodes": 1,
    "active_primary_shards": 0,
    "active_shards": 0,
    "unassigned_shards": 0,
}
"""The answer of OpenSearch 2.19 to GET /_cluster/health, without what is not read."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Ask = Callable[..., Awaitable[str | None]]


@pytest.fixture
async def ask() -> AsyncIterator[Ask]:
    """Ask an OpenSearch that answers as the test says."""
    runners: list[web.AppRunner] = []
    searches: list[OpenSearch] = []

    async def find_fault(handler: Handler, *, timeout_s: float = 60) -> str | None:
        app = web.Application()
        app.router.add_get("/_cluster/health", handler)
        runner = web.AppRunner(app, shutdown_timeout=0.01)
        runners.append(runner)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        search = OpenSearch.at(
            SearchSettings(url=f"http://127.0.0.1:{port}", user="who", password="secret", timeout_s=timeout_s)
        )
        searches.append(search)
        return await search.find_fault()

    yield find_fault
    for search in searches:
        await search.close()
    for runner in runners:
        await runner.cleanup()


@pytest.mark.parametrize("status", ["green", "yellow"])
async def test_opensearch_that_has_all_its_data_has_no_fault(ask: Ask, status: str) -> None:
    async def answer(_request: web.Request) -> web.Response:
        return web.json_response({**HEALTH, "status": status})

    assert await ask(answer) is None


async def test_user_and_password_are_sent(ask: Ask) -> None:
    asked = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.headers["Authorization"])
        return web.json_response(HEALTH)

    await ask(answer)
    assert asked == ["Basic d2hvOnNlY3JldA=="]


@pytest.mark.parametrize(
    ("status", "body", "told"),
    [
        (200, {**HEALTH, "status": "red"}, "lost a part"),
        (200, {"hello": "world"}, "no OpenSearch"),
        (200, [1], "no OpenSearch"),
        (302, {}, "answers 302"),
        (401, {"error": "Unauthorized"}, "refuses search.user"),
        (503, {"error": "cluster_manager_not_discovered_exception"}, "answers 503"),
    ],
)
async def test_fault_is_told(ask: Ask, status: int, body: object, told: str) -> None:
    async def answer(_request: web.Request) -> web.Response:
        return web.json_response(body, status=status)

    fault = await ask(answer)
    assert fault is not None
    assert told in fault
    assert "secret" not in fault


async def test_silence_is_told(ask: Ask) -> None:
    async def answer(_request: web.Request) -> web.Response:
        await asyncio.Event().wait()
        raise AssertionError

    assert await ask(answer, timeout_s=0.1) == "OpenSearch does not answer in time"


async def test_nobody_at_the_address_is_told(unused_tcp_port: int) -> None:
    search = OpenSearch.at(SearchSettings(url=f"http://127.0.0.1:{unused_tcp_port}", timeout_s=60))
    try:
        assert await search.find_fault() == "OpenSearch cannot be reached"
    finally:
        await search.close()
