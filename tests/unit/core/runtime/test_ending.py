"""A process that is to end does end, whatever is left in it."""

import asyncio
import logging
import subprocess
import sys
import threading

import pytest

from core.runtime.ending import EndDeadline

SOON_S = 0.02

_LEAVES = """
import sys, threading
from core.runtime.ending import leave
threading.Thread(target=threading.Event().wait).start()
print("written")
leave(3)
"""


async def test_end_that_is_not_over_in_time_is_told_and_made(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)
    statuses: list[int] = []
    has_left = threading.Event()

    def leave(status: int) -> None:
        statuses.append(status)
        has_left.set()

    async def wait() -> None:
        await asyncio.Event().wait()

    waiting = asyncio.create_task(wait(), name="the one that stays")
    deadline = EndDeadline(SOON_S, leave=leave)
    deadline.begin()
    deadline.begin()  # another part has failed, too
    await asyncio.to_thread(has_left.wait)
    waiting.cancel()
    assert statuses[0] == 1
    (told,) = caplog.records
    assert any("the one that stays" in line and "test_ending.py" in line for line in told.__dict__["waits"])


def test_loop_that_stands_still_is_left_too() -> None:
    has_left = threading.Event()

    async def main() -> None:
        EndDeadline(SOON_S, leave=lambda _: has_left.set()).begin()
        has_left.wait()  # nothing else runs on the loop meanwhile

    asyncio.run(main())
    assert has_left.is_set()


async def test_output_that_nobody_reads_keeps_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    is_over, has_left = threading.Event(), threading.Event()
    monkeypatch.setattr("core.runtime.ending._WORDS_S", SOON_S)
    monkeypatch.setattr("core.runtime.ending.logger.critical", lambda *_, **__: is_over.wait())
    EndDeadline(SOON_S, leave=lambda _: has_left.set()).begin()
    await asyncio.to_thread(has_left.wait)
    is_over.set()


def test_leaving_waits_for_no_thread_and_loses_no_output() -> None:
    done = subprocess.run([sys.executable, "-c", _LEAVES], stdout=subprocess.PIPE, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (3, b"written\n")
