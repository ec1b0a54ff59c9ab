"""A backup beside constant writes ends, and a server on its restored copy has every message that was answered before
it.
"""

import asyncio
import os
import stat
import sys
from pathlib import Path

import httpx
import pytest

from tests.support.person import Person, text_channel
from tests.support.server_process import Server

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.embedded]

AVATAR = (
    "data:image/png;base64,"
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


async def command(*words: str | Path) -> str:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "guildway", *map(str, words),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()
    return output.decode()


async def test_backup_under_load_is_restored_with_all_that_was_answered(tmp_path: Path) -> None:
    running = await Server(tmp_path / "data", {"GUILDWAY_LIMITS_ENABLED": "false"}).start()
    try:
        async with await Person.register(running.api) as owner:
            guild = await owner.make_guild()
            channel_id = text_channel(guild)
            user = await owner.call("PATCH", "/users/@me", {"avatar": AVATAR})
            answered = [(await owner.send(channel_id, "x"))["id"] for _ in range(50)]
            stop = asyncio.Event()

            async def talk() -> None:
                while not stop.is_set():
                    answered.append((await owner.send(channel_id, "x" * 1000))["id"])

            talking = [asyncio.create_task(talk()) for _ in range(4)]
            before: dict[str, set[str]] = {}
            try:
                for name in ("copy.db", "copy.tar", "copies"):
                    before[name] = set(answered)
                    target = f"{tmp_path / name}/" if name == "copies" else tmp_path / name
                    assert "checked" in await command("backup", target, "--data", tmp_path / "data")
                    # Writes go on all the while, beside the backup.
                    assert len(answered) > len(before[name])
            finally:
                stop.set()
                await asyncio.gather(*talking)
            token = owner.token
    finally:
        assert await running.stop() == 0
    for name, kept_before in before.items():
        folder = f"restored-{name}"
        assert "compared" in await command("restore", tmp_path / name, "--data", tmp_path / folder)
        restored = await Server(tmp_path / folder, {"GUILDWAY_INSTANCE_MESSAGE_DAYS": "365"}).start()
        try:
            async with Person(restored.api, token) as owner:
                kept = {message["id"] for message in await owner.history(channel_id)}
                assert kept_before <= kept
                assert (await owner.send(channel_id, "and on it goes"))["id"] not in kept
            async with httpx.AsyncClient(timeout=60, base_url=restored.api) as client:
                image = await client.get(f"/avatars/{user['id']}/{user['avatar']}.png")
                assert (image.status_code == 200) is (name != "copy.db")
        finally:
            assert await restored.stop() == 0


@pytest.mark.parametrize("mode", [0o777, 0o700])
async def test_files_of_a_running_server_are_its_owners_alone(tmp_path: Path, mode: int) -> None:
    data = tmp_path / "data"
    data.mkdir()
    data.chmod(mode)
    (data / "guildway.db").touch(mode=0o644)
    (data / "files").mkdir(mode=0o755)
    mask = os.umask(0)
    try:
        running = await Server(data).start()
    finally:
        os.umask(mask)
    try:
        async with await Person.register(running.api) as owner:
            await owner.call("PATCH", "/users/@me", {"avatar": AVATAR})
            modes = {path: stat.S_IMODE(path.stat().st_mode) for path in data.rglob("*")}
            names = {path.name for path in modes if path.is_file()}
            assert names > {"guildway.db", "guildway.db-wal", "guildway.db-shm", "guildway.lock"}
            assert len(names) == 5, "and the image"
            assert modes == {path: 0o600 if path.is_file() else 0o700 for path in modes}
    finally:
        assert await running.stop() == 0
