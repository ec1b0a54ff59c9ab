"""A cluster that is started on what `guildway import-embedded` has moved goes on where the embedded server stopped. The
commands are those of the guide.
"""

import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from deploy.services.definition import find_free_port
from deploy.services.orphans import end_with_parent
from deploy.services.redis_server import RedisServer
from tests.e2e.operation.conftest import MakeCluster
from tests.support.gateway.gateway_client import open_gateway
from tests.support.guide import commands_of, give, put_elsewhere, section
from tests.support.person import Person, text_channel
from tests.support.server_process import Server
from tests.support.services import serving

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.embedded, pytest.mark.timeout(600)]


class Left(msgspec.Struct, frozen=True):
    """What people had when the embedded server stopped."""

    owner: Person
    bot_token: str
    guild: dict[str, Any]
    channel_id: str
    direct_id: str
    history: list[dict[str, Any]]
    between_us: list[dict[str, Any]]


async def use_embedded(folder: Path) -> Left:
    """Let people use an embedded server, and stop it."""
    server = await Server(folder).start()
    async with await Person.register(server.api) as owner, await Person.register(server.api) as guest:
        guild = await owner.make_guild("It moves")
        channel_id = text_channel(guild)
        await owner.invite(channel_id, guest)
        bot = await owner.make_bot(guild["id"])
        for number in range(3):
            await owner.send(channel_id, f"owner {number}")
            await guest.send(channel_id, f"guest {number}", nonce=f"n{number}")
        direct = await owner.call("POST", "/users/@me/channels", {"recipient_id": guest.id})
        await guest.send(direct["id"], "between us")
        histories = [await owner.history(place) for place in (channel_id, direct["id"])]
    assert await server.stop() == 0
    return Left(owner, bot["token"], guild, channel_id, direct["id"], *histories)


@pytest.mark.parametrize("has_cassandra", [True, False])
async def test_people_go_on_with_their_tokens_and_see_what_was_said(
    make_cluster: MakeCluster, tmp_path: Path, has_cassandra: bool
) -> None:
    left = await use_embedded(tmp_path / "data")
    cluster = await make_cluster(has_cassandra)
    places = {"cluster.toml": tmp_path / "cluster.toml", "before.tar": tmp_path / "before.tar"}
    places["/var/lib/guildway"] = tmp_path / "data"
    with serving(RedisServer(folder=tmp_path / "redis", port=find_free_port())) as redis:
        cluster.write_settings(places["cluster.toml"], redis=redis.service.address)
        *moving, up = [put_elsewhere(words, places) for words in commands_of(section("From one process to a cluster"))]
        for words in moving:
            await give(words[1:], {})
        server = await Server(cluster.folder, command=(sys.executable, "-m", *up)).start()
        try:
            await _go_on(server, left)
            if not has_cassandra:
                await _add_processes(cluster.folder, up, places)
        finally:
            await server.stop()


async def _add_processes(folder: Path, up: list[str], places: Mapping[str, Path]) -> None:
    """Give the commands of the chapter about clusters, beside the cluster that one of them has started."""
    migrate, supervise, api, controller = (put_elsewhere(words, places) for words in commands_of(section("A cluster")))
    assert "up to date" in await give(migrate[1:], {})
    assert supervise == up
    more = await Server(folder, command=(sys.executable, "-m", *api, "--name", "another")).start()
    try:
        async with await Person.register(more.api) as person:
            assert await person.call("GET", "/users/@me/guilds") == []
    finally:
        assert await more.stop() == 0
    process = await asyncio.create_subprocess_exec(
        *end_with_parent([sys.executable, "-m", *controller, "--metrics", "127.0.0.1:0"]),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        assert (await process.stdout.readline()).startswith(b"ready ")
    finally:
        process.terminate()
        await process.communicate()
    assert process.returncode == 0


async def _go_on(server: Server, left: Left) -> None:
    async with (
        Person(server.api, left.owner.token) as owner,
        open_gateway(server.gateway) as hers,
        open_gateway(server.gateway) as bots,
    ):
        assert (await owner.call("GET", "/users/@me"))["id"] == left.owner.id
        assert await owner.history(left.channel_id) == left.history
        assert await owner.history(left.direct_id) == left.between_us
        await hers.identify(owner.token)
        await bots.identify(left.bot_token)
        for session in (hers, bots):
            shown = await session.wait_for_guild(lambda guild: guild["id"] == left.guild["id"])
            assert shown["name"] == "It moves"
        sent = await owner.send(left.channel_id, "here we are again")
        assert int(sent["id"]) > max(int(message["id"]) for message in left.history)
        for session in (hers, bots):
            heard = await session.wait_for("MESSAGE_CREATE")
            assert (heard["id"], heard["content"]) == (sent["id"], "here we are again")
        ids = [message["id"] for message in await owner.history(left.channel_id)]
        assert ids == [*(message["id"] for message in left.history), sent["id"]]
