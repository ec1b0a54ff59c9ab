"""Files by each stock library: sent, told, read back, and changed by an edit."""

import hashlib
import os
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from tests.e2e.libraries.conftest import Scene

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture
def files(tmp_path: Path) -> list[dict[str, Any]]:
    """Two files of a person's: data with a name in Unicode, and a picture."""
    (tmp_path / "data").write_bytes(os.urandom(300_000))
    Image.new("RGB", (640, 480), "navy").save(tmp_path / "sky.png")
    return [
        {"name": "grüße.bin", "path": str(tmp_path / "data"), "description": "random"},
        {"name": "sky.png", "path": str(tmp_path / "sky.png"), "description": "the sky"},
    ]


def read(file: dict[str, Any]) -> bytes:
    return Path(file["path"]).read_bytes()


def sum_of(file: dict[str, Any]) -> str:
    return hashlib.sha256(read(file)).hexdigest()


async def test_files_are_sent_told_and_read_back(scene: Scene, files: list[dict[str, Any]]) -> None:
    bot, channel = scene.bot, scene.channel
    sent = await bot.order("send", channel=channel, content="files", files=files)
    data, picture = sent["files"]
    assert (data["name"], data["size"]) == ("grüße.bin", 300_000)
    assert (picture["name"], picture["width"], picture["height"]) == ("sky.png", 640, 480)
    if scene.library != "hikari":
        assert [file["description"] for file in sent["files"]] == ["random", "the sky"]
    told = await bot.wait_for("message", lambda event: event["id"] == sent["id"])
    assert told["files"] == sent["files"]
    assert (await bot.order("fetch", channel=channel, message=sent["id"]))["files"] == sent["files"]
    downloaded = await bot.order("read", channel=channel, message=sent["id"], file=data["id"])
    assert (downloaded["size"], downloaded["sha256"]) == (300_000, sum_of(files[0]))


async def test_edit_keeps_some_files_and_adds_others(scene: Scene, files: list[dict[str, Any]], tmp_path: Path) -> None:
    bot, channel = scene.bot, scene.channel
    sent = await bot.order("send", channel=channel, content="files", files=files)
    (tmp_path / "added").write_bytes(b"added")
    added = {"name": "added.txt", "path": str(tmp_path / "added"), "description": "new"}
    kept = sent["files"][1]["id"]
    edited = await bot.order("edit", channel=channel, message=sent["id"], content="fewer", keep=[kept], files=[added])
    assert [file["name"] for file in edited["files"]] == ["sky.png", "added.txt"]
    assert edited["files"][0] == sent["files"][1]
    told = await bot.wait_for("edit", lambda event: (event["id"], event["content"]) == (sent["id"], "fewer"))
    assert told["files"] == edited["files"]
    downloaded = await bot.order("read", channel=channel, message=sent["id"], file=edited["files"][1]["id"])
    assert downloaded["sha256"] == sum_of(added)


async def test_file_that_a_person_sent_ahead_is_seen_whole_and_in_parts(
    scene: Scene, files: list[dict[str, Any]]
) -> None:
    alice, channel = scene.alice, scene.channel
    data = read(files[0])
    body = {"files": [{"id": "7", "filename": "a.bin", "file_size": len(data)}]}
    (announced,) = (await alice.call("POST", f"/channels/{channel}/attachments", body))["attachments"]
    async with httpx.AsyncClient(timeout=60) as http:
        assert (await http.put(announced["upload_url"], content=data)).status_code == 200
        taken = [{"id": "0", "filename": "a.bin", "uploaded_filename": announced["upload_filename"]}]
        sent = await alice.send(channel, "ahead", attachments=taken)
        url = sent["attachments"][0]["url"]
        part = await http.get(url, headers={"range": "bytes=1000-1999"})
        assert (part.status_code, part.content) == (206, data[1000:2000])
    told = await scene.bot.wait_for("message", lambda event: event["id"] == sent["id"])
    assert [(file["name"], file["size"]) for file in told["files"]] == [("a.bin", len(data))]
    downloaded = await scene.bot.order("read", channel=channel, message=sent["id"], file=told["files"][0]["id"])
    assert downloaded["sha256"] == sum_of(files[0])


async def test_empty_file_is_a_file(scene: Scene, tmp_path: Path) -> None:
    if scene.actor.person is not None:
        pytest.skip("an upload ahead of its message has one byte at least")
    (tmp_path / "empty").write_bytes(b"")
    empty = {"name": "empty.txt", "path": str(tmp_path / "empty"), "description": "x"}
    sent = await scene.bot.order("send", channel=scene.channel, content="empty", files=[empty])
    assert [(file["name"], file["size"]) for file in sent["files"]] == [("empty.txt", 0)]


async def test_eleven_files_are_refused_and_nothing_is_sent(scene: Scene, files: list[dict[str, Any]]) -> None:
    before = await scene.alice.history(scene.channel)
    answer = await scene.bot.attempt("send", channel=scene.channel, content="many", files=files[1:] * 11)
    assert answer["event"] == "failed"
    assert await scene.alice.history(scene.channel) == before
