"""Commands without one of the standard streams, or with one that takes nothing, do their work, and end as always."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.embedded]

ROOT = Path(__file__).parents[3]
PORTS = {
    **dict.fromkeys(("GUILDWAY_API", "GUILDWAY_GATEWAY", "GUILDWAY_METRICS"), "127.0.0.1:0"),
    "GUILDWAY_VOICE_ENABLED": "false",
}


async def start(redirections: str, *arguments: str) -> asyncio.subprocess.Process:
    """Start a command as a shell does. Its output is read unless it is redirected."""
    return await asyncio.create_subprocess_exec(
        "sh", "-c", f'exec "$@" {redirections}', "sh", sys.executable, "-m", "guildway", *arguments,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **PORTS},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip


async def finish(process: asyncio.subprocess.Process) -> tuple[int, str, str]:
    async with asyncio.timeout(60):
        output, errors = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode(), errors.decode()


@pytest.mark.parametrize("closed", ["<&-", ">&-", "<&- >&-", "2>&-", "<&- 2>&-"])
async def test_server_runs_and_stops_in_order(closed: str, tmp_path: Path) -> None:
    process = await start(closed, "run", "--data", str(tmp_path / "data"))
    assert process.stdout is not None
    assert process.stderr is not None
    has_log = "2>" not in closed
    async with asyncio.timeout(60):
        while line := await (process.stderr if has_log else process.stdout).readline():
            if b'"ready"' in line or line.startswith(b"ready "):
                break
    process.send_signal(signal.SIGTERM)
    status, _, errors = await finish(process)
    assert status == 0
    if has_log:
        assert '"stopped"' in errors.splitlines()[-1]


async def test_server_whose_output_takes_nothing_runs_and_stops_in_order(tmp_path: Path) -> None:
    process = await start(">/dev/full", "run", "--data", str(tmp_path / "data"))
    assert process.stderr is not None
    async with asyncio.timeout(60):
        while line := await process.stderr.readline():
            if b'"nobody reads the output"' in line:
                break
    process.send_signal(signal.SIGTERM)
    status, _, errors = await finish(process)
    assert status == 0
    assert '"stopped"' in errors.splitlines()[-1]


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-"])
async def test_what_is_made_is_made_whoever_listens(closed: str, tmp_path: Path) -> None:
    data, copy = tmp_path / "data", tmp_path / "copy.db"
    for arguments in (("demo", "--members", "2"), ("backup", str(copy))):
        status, _, errors = await finish(await start(closed, *arguments, "--data", str(data)))
        assert (status, "Traceback" in errors) == (0, False)
    assert copy.read_bytes().startswith(b"SQLite format 3\0")


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.mark.parametrize("arguments", [("version",), ("backup", "copy.db"), ("backup", "copy.tar")], ids=" ".join)
async def test_output_that_cannot_be_written_is_told_in_one_line(arguments: tuple[str, ...], tmp_path: Path) -> None:
    data = tmp_path / "data"
    assert (await finish(await start("", "demo", "--members", "2", "--data", str(data))))[0] == 0
    command, *names = arguments
    paths = [str(tmp_path / name) for name in names]
    of_data = ["--data", str(data)] if paths else []
    status, _, errors = await finish(await start(">/dev/full", command, *paths, *of_data))
    assert (status, errors) == (2, "guildway: the output: cannot be read or written: No space left on device\n")
    assert names_in(tmp_path) == {"data", *names}
