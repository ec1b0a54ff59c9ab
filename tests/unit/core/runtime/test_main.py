"""Signals: SIGTERM asks to stop however often it comes; a second Ctrl-C ends at once."""

import signal
import subprocess
import sys

PROGRAM = """
import asyncio
from core.runtime.main import run_process

async def main(stopping):
    print("up", type(asyncio.get_running_loop()).__module__, flush=True)
    await stopping.wait()
    print("stopping", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, input)
    print("stopped", flush=True)

run_process(main)
"""


def _start() -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "up uvloop\n"
    return process


def test_sigterm_twice_lets_the_process_end_in_its_own_order() -> None:
    with _start() as process:
        assert process.stdout is not None
        process.send_signal(signal.SIGTERM)
        assert process.stdout.readline() == "stopping\n"
        process.send_signal(signal.SIGTERM)
        output, errors = process.communicate("\n", timeout=10)
        assert (output, errors, process.returncode) == ("stopped\n", "", 0)


def test_second_interrupt_ends_at_once() -> None:
    with _start() as process:
        assert process.stdout is not None
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == "stopping\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=10) == 130
