"""`make loadtest` against real servers: it measures, counts and judges; it notices refusals; it bears a kill.

Locust runs in a process of its own, since it patches all of Python for gevent. No figure is checked but against the
server's own counts, so that a busy machine changes no outcome.
"""

import asyncio
import json
import os
import re
import sys
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from loadtest.measures.goals import Verdict
from loadtest.wire.encodings import ENCODINGS
from tests.e2e.conftest import GENEROUS
from tests.support.server_process import Server

ROOT = Path(__file__).parents[3]
SITE = ROOT / ".venv" / "loadtest"

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.embedded,
    pytest.mark.skipif(not SITE.exists(), reason="locust is not installed: make .venv/loadtest.stamp"),
]


class Outcome(msgspec.Struct):
    """How a load test has ended."""

    status: int
    output: str
    folder: Path

    @property
    def report(self) -> Any:
        """The JSON report, of a run that has begun."""
        file = self.folder / "report.json"
        assert file.exists(), self.output
        return json.loads(file.read_bytes())

    def count(self, name: str) -> int:
        """Return how often something was measured or failed."""
        return sum(row["count"] for row in self.report["rows"] if row["name"] == name)


async def _start(api: str, folder: Path, *flags: str, users: int, time_s: int) -> asyncio.subprocess.Process:
    command = ("-m", "locust", "-f", "loadtest/locustfile.py", "--headless", "--host", api,
               "--users", str(users), "--spawn-rate", "50", "--run-time", f"{time_s}s",
               "--report", str(folder), "--world", str(folder / "world.json"))  # fmt: skip
    environ = {**os.environ, "PYTHONPATH": str(SITE)}
    return await asyncio.create_subprocess_exec(
        sys.executable, *command, *flags, cwd=ROOT, env=environ,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip


async def _finish(process: asyncio.subprocess.Process, folder: Path) -> Outcome:
    output, _ = await process.communicate()
    assert process.returncode is not None
    return Outcome(process.returncode, output.decode(), folder)


async def _load(api: str, folder: Path, *flags: str, users: int = 6, time_s: int = 3) -> Outcome:
    return await _finish(await _start(api, folder, *flags, users=users, time_s=time_s), folder)


async def _load_until(api: str, folder: Path, *flags: str, users: int = 6, least: dict[str, int]) -> Outcome:
    """Let people go on until so much was measured by its names, of which locust prints a table each two seconds."""
    process = await _start(api, folder, *flags, users=users, time_s=100)
    assert process.stdout is not None
    output, counts, is_enough = "", dict[str, int](), False
    async for raw in process.stdout:
        output += raw.decode()
        if row := re.match(r" +(\S.*?) +(\d+) +\d+\(", raw.decode()):
            counts[row[1]] = int(row[2])
        if not is_enough and all(counts.get(name, 0) >= number for name, number in least.items()):
            is_enough = True
            process.terminate()
    assert is_enough, output
    return Outcome(await process.wait(), output, folder)


async def _read_metric(server: Server, name: str) -> int:
    async with httpx.AsyncClient(timeout=60) as http:
        text = (await http.get(f"{server.metrics}/metrics")).text
    return sum(int(float(value)) for value in re.findall(rf"^{re.escape(name)}\S* (\S+)$", text, re.MULTILINE))


async def _read_messages_sent(server: Server) -> int:
    return await _read_metric(server, "guildway_messages_sent_total")


def _check_verdict(outcome: Outcome) -> None:
    """Goals may be missed on a busy machine; the status says so, and nothing else is wrong."""
    report = outcome.report
    assert report["faults"] == [], outcome.output
    assert outcome.status == Verdict[report["verdict"].upper()].value, outcome.output
    assert (report["verdict"] == "passed") == all(goal["met"] for goal in report["goals"])


@pytest.mark.parametrize("encoding", [*ENCODINGS, "mixed"])
async def test_mixed_day_counts_what_the_server_counts(server: Server, tmp_path: Path, encoding: str) -> None:
    before = await _read_messages_sent(server)
    flags = ("--scenario", "mixed", "--guild-size", "6", "--pause", "0.3", "--encoding", encoding)
    flags += ("--compress", "zstd-stream", "--upload-bytes", "2000")
    outcome = await _load_until(server.api, tmp_path, *flags, least={"login": 6, "send": 6, "delivered": 12})
    _check_verdict(outcome)
    sent = outcome.count("send") + outcome.count("upload")
    # A user who was stopped did not see the end of the last request.
    assert sent <= await _read_messages_sent(server) - before <= sent + 6
    assert sent > 0
    assert outcome.count("delivered") > sent
    assert outcome.count("login") == 6
    assert {goal["measure"] for goal in outcome.report["goals"]} >= {"send", "delivered", "history"}
    assert "send" in (tmp_path / "report.html").read_text()
    assert (tmp_path / "charts.html").exists()


@pytest.mark.parametrize(
    ("storm", "measure", "least"), [("login", "login", 12), ("presence", "presence", 6), ("reconnect", "resume", 6)]
)
async def test_storms_are_measured(server: Server, tmp_path: Path, storm: str, measure: str, least: int) -> None:
    flags = ("--scenario", f"{storm}-storm", "--storm-interval", "2.1", "--pause", "0.5")
    outcome = await _load_until(server.api, tmp_path, *flags, least={measure: least})
    _check_verdict(outcome)
    assert outcome.count(measure) >= least, outcome.output


async def test_world_is_kept_for_the_next_run(server: Server, tmp_path: Path) -> None:
    first = await _load(server.api, tmp_path, "--pause", "0.2", time_s=1)
    world = (tmp_path / "world.json").read_bytes()
    flags = ("--pause", "0.2", "--scenario", "quiet")
    second = await _load_until(server.api, tmp_path, *flags, least={"send": 1})
    assert (tmp_path / "world.json").read_bytes() == world
    assert (tmp_path / "world.json").stat().st_mode & 0o077 == 0
    assert "are used again" in second.output
    assert "are used again" not in first.output
    assert second.count("send") > 0


async def test_several_processes_share_the_people(server: Server, tmp_path: Path) -> None:
    flags = ("--processes", "2", "--scenario", "busy", "--pause", "0.3")
    outcome = await _load_until(server.api, tmp_path, *flags, least={"login": 6, "send": 2, "delivered": 4})
    _check_verdict(outcome)
    assert outcome.count("login") == 6
    assert outcome.count("delivered") > outcome.count("send") > 0


async def _wait_for_voice(server: Server) -> None:
    """Wait until the server has its media node, which starts beside it."""
    async with asyncio.timeout(60):
        while not any('"message": "linked"' in line for line in server.log):  # noqa: ASYNC110 - another process's log
            await asyncio.sleep(0.05)


async def _has_voice(server: Server) -> bool:
    """Return whether people have come again, and have got a second of sound."""
    joins = await _read_metric(server, "guildway_voice_joins_total")
    return joins > 4 and await _read_metric(server, 'guildway_voice_packets_total{direction="out"}') > 100


async def test_voice_is_heard_and_its_loss_is_told(tmp_path: Path) -> None:
    settings = {**GENEROUS, "GUILDWAY_VOICE_ENABLED": "true", "GUILDWAY_VOICE_HOST": "127.0.0.1"}
    server = await Server(tmp_path / "data", settings).start()
    try:
        await _wait_for_voice(server)
        flags = ("--scenario", "voice", "--room-size", "2", "--speakers", "1", "--stay", "2", "--pause", "0.1")
        process = await _start(server.api, tmp_path, *flags, users=4, time_s=100)
        finishing = asyncio.create_task(_finish(process, tmp_path))
        while not finishing.done() and not await _has_voice(server):  # noqa: ASYNC110 - the counts of another process
            await asyncio.sleep(0.1)
        assert not finishing.done(), finishing.result().output
        process.terminate()
        outcome = await finishing
    finally:
        await server.stop()
    _check_verdict(outcome)
    sound = outcome.report["sound"]
    assert sound["sent"] > 0 < sound["received"] == outcome.count("voice")
    assert sound["loss"] == sound["lost"] / (sound["received"] + sound["lost"])
    assert {goal["measure"] for goal in outcome.report["goals"]} == {"voice", "voice join"}
    assert outcome.count("voice join") >= 4
    assert "frames of voice" in (tmp_path / "report.html").read_text()


async def test_refused_requests_are_errors_and_the_status_says_so(tmp_path: Path) -> None:
    limits = {
        **GENEROUS, "GUILDWAY_LIMITS_CHANNEL_MESSAGES": "1", "GUILDWAY_LIMITS_CHANNEL_MESSAGES_WINDOW_S": "600",
    }  # fmt: skip
    server = await Server(tmp_path / "data", limits).start()
    try:
        flags = ("--scenario", "busy", "--pause", "0.2", "--acts", "say=1", "--channels", "1")
        # Each of six has sent one at most that is not refused.
        outcome = await _load_until(server.api, tmp_path, *flags, least={"send": 8})
    finally:
        await server.stop()
    assert outcome.status == Verdict.FAILED.value
    [fault] = {fault["name"] for fault in outcome.report["faults"]}
    assert fault == "send"
    assert "429" in outcome.output


async def test_kill_is_borne_and_loses_no_message(tmp_path: Path) -> None:
    server = await Server(tmp_path / "data", GENEROUS).start()
    try:
        flags = ("--guild-size", "6", "--pause", "0.2", "--kill-command", f"kill -9 {server.pid}", "--kill-after", "5")
        process = await _start(server.api, tmp_path, *flags, users=6, time_s=100)
        finishing = asyncio.create_task(_finish(process, tmp_path))
        ended = asyncio.create_task(server.wait_for_end())
        await asyncio.wait({finishing, ended}, return_when=asyncio.FIRST_COMPLETED)
        assert not finishing.done(), finishing.result().output
        await server.kill()
        await server.start()
        await _wait_for_resumes(server)
        process.terminate()
        outcome = await finishing
    finally:
        await server.stop()
    assert outcome.report["faults"] == [], outcome.output
    assert outcome.count("resume") > 0
    assert outcome.count("send, repeated") > 0


async def _wait_for_resumes(server: Server) -> None:
    """Wait until sessions have come back, and messages were sent since."""
    async with asyncio.timeout(60), httpx.AsyncClient(timeout=60) as http:
        while True:
            text = (await http.get(f"{server.metrics}/metrics")).text
            # When there are more messages than people, someone's first has been answered and counted.
            if 'outcome="restored"' in text and await _read_messages_sent(server) > 6:
                return
            await asyncio.sleep(0.1)


@pytest.mark.parametrize(
    ("flags", "line"),
    [
        (("--acts", "sleep=1"), "--acts sleep=1"),
        (("--channels", "0"), "a guild has people and a channel"),
        (("--host", "http://127.0.0.1:9"), "GET /gateway: "),
    ],
)
async def test_run_that_cannot_begin_says_why(
    server: Server, tmp_path: Path, flags: tuple[str, ...], line: str
) -> None:
    outcome = await _load(server.api, tmp_path, *flags, time_s=1)
    assert outcome.status == 2, outcome.output
    assert f"loadtest: {line}" in outcome.output
