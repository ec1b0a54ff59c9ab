"""Signals: SIGTERM and SIGHUP ask to stop however often they come; a second Ctrl-C ends at once."""

import signal
import subprocess
import sys

import pytest

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


def _start(first: str = "") -> subprocess.Popen[str]:
    """Run the process by a shell, which does something `first`."""
    process = subprocess.Popen(
        ["sh", "-c", f'{first}exec "$0" -c "$1"', sys.executable, PROGRAM],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "up uvloop\n"
    return process


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_asked_twice_the_process_ends_in_its_own_order(number: signal.Signals) -> None:
    with _start() as process:
        assert process.stdout is not None
        process.send_signal(number)
        assert process.stdout.readline() == "stopping\n"
        process.send_signal(number)
        output, errors = process.communicate("\n", timeout=10)
        assert (output, errors, process.returncode) == ("stopped\n", "", 0)


def test_process_that_was_started_to_outlive_its_terminal_does() -> None:
    with _start("trap '' HUP; ") as process:
        assert process.stdout is not None
        process.send_signal(signal.SIGHUP)
        # Were it stopping already, this would be the second interrupt and end it at once.
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == "stopping\n"
        output, errors = process.communicate("\n", timeout=10)
        assert (output, errors, process.returncode) == ("stopped\n", "", 0)


def test_second_interrupt_ends_at_once() -> None:
    with _start() as process:
        assert process.stdout is not None
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == "stopping\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=10) == 130
