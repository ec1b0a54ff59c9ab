"""The supervisor over real processes: small programs that stand for the roles of a cluster."""

import asyncio
import io
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from core.runtime.data_dir import DataDir
from core.runtime.errors import StartError
from core.runtime.settings.settings import Settings, StoreSettings
from shardctl.plan import PlannedProcess
from shardctl.supervisor import Supervisor

READY = "print('ready api=http://127.0.0.1:{port} gateway=- metrics=-', flush=True); import time; time.sleep(600)"


def plan(name: str, port: int, program: str = READY) -> PlannedProcess:
    return PlannedProcess(role="api", name=name, command=(sys.executable, "-c", program.format(port=port)))


class Running:
    """A supervisor that runs, and the file that it keeps."""

    def __init__(self, folder: Path, *planned: PlannedProcess) -> None:
        self.out = io.StringIO()
        self.path = folder / "cluster.json"
        self.stopping = asyncio.Event()
        settings = Settings(store=StoreSettings(data_dir=str(folder)))
        self.supervisor = Supervisor(settings=settings, processes=planned, out=self.out)
        self.task = asyncio.create_task(self.supervisor.run(self.stopping))

    async def wait_for(self, name: str, *, state: str, other_than: int | None = None) -> dict[str, Any]:
        """Wait until a process is in this state, perhaps as another process than before."""
        async with asyncio.timeout(60):
            while True:
                if self.path.exists():
                    entries = {entry["name"]: entry for entry in json.loads(self.path.read_text())["cluster"]}
                    entry = entries.get(name)
                    if entry and entry["state"] == state and entry["pid"] != other_than:
                        return entry
                await asyncio.sleep(0.01)

    async def stop(self) -> None:
        self.stopping.set()
        await self.task


@pytest.fixture
async def two(tmp_path: Path) -> AsyncIterator[Running]:
    running = Running(tmp_path, plan("api-1", 1), plan("api-2", 2))
    yield running
    await running.stop()


async def test_all_processes_are_named_with_addresses_and_the_supervisor_says_when_they_are_ready(two: Running) -> None:
    for number in (1, 2):
        entry = await two.wait_for(f"api-{number}", state="ready")
        assert entry["addresses"] == {"api": f"http://127.0.0.1:{number}"}
        os.kill(entry["pid"], 0)
    assert (await two.wait_for("supervisor", state="ready"))["pid"] == os.getpid()
    assert two.out.getvalue() == "ready api=http://127.0.0.1:1 gateway=- metrics=-\n"


async def test_killed_process_is_started_again_and_the_other_goes_on(two: Running) -> None:
    killed = await two.wait_for("api-1", state="ready")
    other = await two.wait_for("api-2", state="ready")
    os.kill(killed["pid"], signal.SIGKILL)
    again = await two.wait_for("api-1", state="ready", other_than=killed["pid"])
    assert again["addresses"] == killed["addresses"]
    assert (await two.wait_for("api-2", state="ready"))["pid"] == other["pid"]


async def test_reload_is_passed_on_to_those_that_have_a_certificate(tmp_path: Path) -> None:
    program = (
        "import signal, time; "
        "signal.signal(signal.SIGHUP, lambda *_: print('ready api=again gateway=- metrics=-', flush=True)); "
        "print('ready api=first gateway=- metrics=-', flush=True); time.sleep(600)"
    )
    controller = msgspec.structs.replace(plan("controller-1", 1), role="controller")  # SIGHUP would end it
    running = Running(tmp_path, plan("api-1", 1, program), controller)
    first = await running.wait_for("api-1", state="ready")
    other = await running.wait_for("controller-1", state="ready")
    running.supervisor.reload()
    async with asyncio.timeout(60):
        while (again := await running.wait_for("api-1", state="ready"))["addresses"] != {"api": "again"}:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    assert again["pid"] == first["pid"]
    assert (await running.wait_for("controller-1", state="ready"))["pid"] == other["pid"]
    await running.stop()


async def test_stop_ends_every_process_and_removes_the_file(tmp_path: Path) -> None:
    running = Running(tmp_path, plan("api-1", 1))
    pid = (await running.wait_for("api-1", state="ready"))["pid"]
    await running.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert not running.path.exists()
    DataDir(tmp_path).close()


async def test_second_supervisor_of_a_folder_is_refused(two: Running) -> None:
    await two.wait_for("api-1", state="ready")
    with pytest.raises(StartError, match="in use by process"):
        Supervisor(
            settings=Settings(store=StoreSettings(data_dir=str(two.path.parent))), processes=[], out=io.StringIO()
        )


async def test_children_do_not_speak_to_the_service_manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", "/somewhere")
    program = (
        "import os, time; print('ready api=%s gateway=- metrics=-' % ('NOTIFY_SOCKET' in os.environ), flush=True); "
        "time.sleep(600)"
    )
    running = Running(tmp_path, PlannedProcess(role="api", name="api-1", command=(sys.executable, "-c", program)))
    assert (await running.wait_for("api-1", state="ready"))["addresses"] == {"api": "False"}
    await running.stop()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux pins processes")
async def test_process_runs_on_the_processor_that_was_planned_for_it(tmp_path: Path) -> None:
    processor = max(os.sched_getaffinity(0))
    running = Running(tmp_path, msgspec.structs.replace(plan("api-1", 1), processor=processor), plan("api-2", 2))
    pinned = await running.wait_for("api-1", state="ready")
    free = await running.wait_for("api-2", state="ready")
    assert os.sched_getaffinity(pinned["pid"]) == {processor}
    assert os.sched_getaffinity(free["pid"]) == os.sched_getaffinity(0)
    await running.stop()
