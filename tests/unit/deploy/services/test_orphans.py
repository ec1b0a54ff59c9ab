"""Processes that must not outlive the one that has started them."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from deploy.services.orphans import end_with_parent

PARENT = """
import subprocess, sys
from deploy.services.orphans import end_with_parent
program = "import sys; print('started', flush=True); sys.stdin.read()"
subprocess.Popen(end_with_parent([sys.executable, "-c", program])).wait()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel of Linux does it")
def test_process_ends_when_its_parent_is_killed() -> None:
    # The child holds the other end of our pipe, which we see closed when it has ended.
    with subprocess.Popen(
        [sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "started\n"
        parent.kill()
        assert parent.stdout.read() == ""


def test_command_without_setpriv_stays_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert end_with_parent(("sleep", "1")) == ["sleep", "1"]


def test_process_that_another_thread_starts_outlives_that_thread() -> None:
    started: list[list[str]] = []
    thread = threading.Thread(target=lambda: started.append(end_with_parent(("sleep", "1"))))
    thread.start()
    thread.join()
    assert started == [["sleep", "1"]]
