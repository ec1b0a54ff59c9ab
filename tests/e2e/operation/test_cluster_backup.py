"""A cluster that is in use is backed up by the guide's commands, restored into empty servers, and exported from."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from deploy.services.definition import find_free_port
from deploy.services.redis_server import RedisServer
from tests.e2e.operation.conftest import MakeCluster
from tests.support.clusters.empty_cluster import EmptyCluster
from tests.support.embedded_data import AVATAR
from tests.support.guide import commands_of, section
from tests.support.person import Person, text_channel
from tests.support.server_process import Server
from tests.support.services import serving

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.embedded, pytest.mark.timeout(600)]

UP = (sys.executable, "-m", "shardctl", "up", "--apis", "1")
SALT = "%F0%9F%A7%82"


class Said(msgspec.Struct):
    """What people have done in the cluster."""

    owner: Person
    guest: Person
    channel_id: str
    guild_id: str
    message: dict[str, Any]
    answered: list[str]


async def use(server: Server) -> Said:
    """Let two people use the cluster: messages, a file, a reaction, a pin, a picture."""
    owner, guest = await Person.register(server.api), await Person.register(server.api)
    guild = await owner.make_guild("It stays")
    channel_id = text_channel(guild)
    await owner.invite(channel_id, guest)
    await owner.call("PATCH", "/users/@me", {"avatar": AVATAR})
    payload = {"payload_json": (None, json.dumps({"content": "a file"})), "files[0]": ("soup.txt", b"much salt")}
    sent = await owner.call("POST", f"/channels/{channel_id}/messages", files=payload)
    await guest.call("PUT", f"/channels/{channel_id}/messages/{sent['id']}/reactions/{SALT}/@me")
    await owner.call("PUT", f"/channels/{channel_id}/pins/{sent['id']}")
    answered = [(await guest.send(channel_id, f"{number}"))["id"] for number in range(30)]
    return Said(owner, guest, channel_id, guild["id"], sent, answered)


async def run_guide(cluster: EmptyCluster, tmp_path: Path, *kinds: str) -> list[str]:
    """Give the guide's commands of some kinds, in their order, and return what they have said."""
    config = tmp_path / "guildway.toml"
    config.touch()
    told = []
    for words in commands_of(section("Backup of a cluster")):
        if words[1] in kinds:
            places = [
                word.replace("/backup/cluster/", f"{tmp_path}/backup/").replace("/etc/guildway.toml", str(config))
                for word in words[1:]
            ]
            told.append(await cluster.command(*places))
    return told


async def back_up_under_load(server: Server, cluster: EmptyCluster, tmp_path: Path) -> Said:
    """Back up while people talk."""
    said = await use(server)
    before = list(said.answered)
    is_over = asyncio.Event()

    async def talk() -> None:
        while not is_over.is_set():
            said.answered.append((await said.guest.send(said.channel_id, "meanwhile"))["id"])

    talking = asyncio.create_task(talk())
    try:
        taken, listed, verified = await run_guide(cluster, tmp_path, "backup")
    finally:
        is_over.set()
        await talking
    assert len(said.answered) > len(before)
    assert "2 users, 1 guilds, 2 files" in taken
    assert listed.split(":")[0] == taken.split(":")[0]
    assert "all whole" in verified
    said.answered = before
    return said


def read_rows(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "messages.jsonl").read_text().splitlines()]


async def export(cluster: EmptyCluster, said: Said, tmp_path: Path) -> None:
    """Export a person and the guild."""
    for kind, owner in (("user", said.owner.id), ("guild", said.guild_id)):
        await cluster.command("export", kind, owner, str(tmp_path / kind), "--cluster")
    sent = [row["id"] for row in read_rows(tmp_path / "user") if row["content"]]
    assert sent == [said.message["id"]]
    (attachment,) = said.message["attachments"]
    stored = Path("files", "attachments", said.channel_id, attachment["id"])
    for kind in ("user", "guild"):
        assert (tmp_path / kind / stored).read_bytes() == b"much salt"
    assert said.guest.id in (tmp_path / "guild" / "reactions.jsonl").read_text()
    assert set(said.answered) <= {row["id"] for row in read_rows(tmp_path / "guild")}


async def check(server: Server, said: Said) -> None:
    """Look at the restored cluster with the tokens of before."""
    async with Person(server.api, said.owner.token) as owner:
        kept = {message["id"]: message for message in await owner.history(said.channel_id)}
        assert {*said.answered, said.message["id"]} <= kept.keys()
        message = kept[said.message["id"]]
        assert (message["pinned"], message["reactions"][0]["count"]) == (True, 1)
        assert [each["id"] for each in await owner.call("GET", f"/channels/{said.channel_id}/pins")] == [message["id"]]
        reacted = await owner.call("GET", f"/channels/{said.channel_id}/messages/{message['id']}/reactions/{SALT}")
        assert [each["id"] for each in reacted] == [said.guest.id]
        link = said.message["attachments"][0]["url"].partition("/attachments/")[2]
        file = await owner.request("GET", f"{server.api}/attachments/{link}")
        assert (file.status_code, file.content) == (200, b"much salt"), "the link of before"
        assert (await owner.send(said.channel_id, "and on it goes"))["id"] not in kept


async def test_cluster_in_use_is_backed_up_and_restored(make_cluster: MakeCluster, tmp_path: Path) -> None:
    cluster, empty = await make_cluster(True), await make_cluster(True)
    empty.folder = tmp_path / "restored"
    with serving(RedisServer(folder=tmp_path / "redis", port=find_free_port())) as redis:
        environ = {**cluster.settings, "GUILDWAY_REDIS_URL": redis.service.address, "GUILDWAY_LIMITS_ENABLED": "false"}
        server = await Server(cluster.folder, environ, command=UP).start()
        try:
            said = await back_up_under_load(server, cluster, tmp_path)
            await export(cluster, said, tmp_path)
        finally:
            await server.stop()
    await run_guide(empty, tmp_path, "migrate", "restore")
    assert await empty.query("SELECT count(*) FROM users") == 2
    with serving(RedisServer(folder=tmp_path / "new-redis", port=find_free_port())) as redis:
        environ = {
            **empty.settings,
            "GUILDWAY_REDIS_URL": redis.service.address,
            "GUILDWAY_INSTANCE_MESSAGE_DAYS": "365",  # nothing here is so old
        }
        server = await Server(empty.folder, environ, command=UP).start()
        try:
            await check(server, said)
        finally:
            await server.stop()
            for person in (said.owner, said.guest):
                await person.__aexit__()
