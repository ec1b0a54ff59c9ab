"""A collector gets the whole way of a message: the request, door, store, tail, actor and sockets, over all processes.

With several workers the guild's home may be another one than the session's, and a link lies between.
"""

from pathlib import Path

import pytest

from tests.e2e.conftest import ON_CLUSTERS
from tests.support.clusters.cluster_ground import WORKERS
from tests.support.gateway.gateway_client import open_gateway
from tests.support.person import Person, text_channel
from tests.support.server_process import Server
from tests.support.span_collector import Collected, collecting

STEPS = {"actor", "door", "request", "socket", "store", "tail"}
ACROSS_A_LINK = STEPS | {"host", "link"}
APIS, WORKER_NAMES = {"api-1", "api-2"}, {f"worker-{number}" for number in range(1, WORKERS + 1)}
PROCESSES = APIS | WORKER_NAMES if ON_CLUSTERS else {"embedded"}


def is_whole(spans: list[Collected]) -> bool:
    return {span.name for span in spans} in (STEPS, ACROSS_A_LINK) and tails_of(spans) == PROCESSES


def tails_of(spans: list[Collected]) -> set[str]:
    return {span.process for span in spans if span.name == "tail"}


async def test_collector_gets_the_whole_way_of_a_message(tmp_path: Path) -> None:
    with collecting() as collector:
        settings = {"GUILDWAY_TRACES_ENDPOINT": collector.url, "GUILDWAY_TRACES_RATIO": "1"}
        server = await Server(tmp_path, settings).start()
        async with await Person.register(server.api) as alice, open_gateway(server.gateway) as session:
            guild = await alice.make_guild()
            await session.identify(alice.token)
            await session.wait_for_guild()
            path = f"/channels/{text_channel(guild)}/messages"
            answer = await alice.request("POST", path, {"content": "traced"})
            assert answer.status_code == 200
            spans = collector.wait_for_trace(is_whole, answer.headers["x-trace-id"])
        check_tree(spans)
        check_processes(spans, message_id=answer.json()["id"])
        assert await server.stop() == 0


def check_tree(spans: list[Collected]) -> None:
    by_id = {span.span_id: span for span in spans}
    parents = {(span.name, by_id[span.parent_id].name if span.parent_id else "") for span in spans}
    delivered = {("socket", "actor")}
    if ("link", "actor") in parents:
        delivered = {("link", "actor"), ("host", "link"), ("socket", "host")}
    before = {("request", ""), ("door", "request"), ("store", "request"), ("tail", "store"), ("actor", "store")}
    assert parents == before | delivered
    assert all(span.begin_ns <= span.end_ns for span in spans)


def check_processes(spans: list[Collected], *, message_id: str) -> None:
    named = {span.name: span for span in spans if span.name != "tail"}
    assert named["request"].attributes["method"] == "POST"
    assert named["request"].attributes["status"] == 200
    assert named["request"].attributes["route"] == "/api/v10/channels/{channel_id}/messages"
    assert named["store"].attributes["message_id"] == int(message_id)
    assert named["door"].attributes["outcome"] == "open"
    assert named["socket"].attributes["sessions"] == 1
    assert named["request"].process == named["door"].process == named["store"].process
    if ON_CLUSTERS:
        assert named["request"].process in APIS
        assert {named["actor"].process, named["socket"].process} <= WORKER_NAMES


@pytest.mark.asyncio(loop_scope="session")
async def test_nothing_is_traced_without_a_collector(server: Server, alice: Person) -> None:
    guild = await alice.make_guild()
    path = f"/channels/{text_channel(guild)}/messages"
    answer = await alice.request("POST", path, {"content": "not traced"})
    assert answer.status_code == 200
    assert "x-trace-id" not in answer.headers
