"""Signals: SIGTERM and SIGHUP ask to stop however often they come; a second Ctrl-C ends at once."""

import contextlib
import signal
import subprocess
import sys
from collections.abc import Iterator

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


@contextlib.contextmanager
def _started(on_hangup: str = "SIG_DFL") -> Iterator[subprocess.Popen[str]]:
    """Run the process; `on_hangup` is what SIGHUP does before, whatever it does here."""
    with subprocess.Popen(
        [sys.executable, "-c", f"import signal\nsignal.signal(signal.SIGHUP, signal.{on_hangup})\n{PROGRAM}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "up uvloop\n"
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_asked_twice_the_process_ends_in_its_own_order(number: signal.Signals) -> None:
    with _started() as process:
        assert process.stdout is not None
        process.send_signal(number)
        assert process.stdout.readline() == "stopping\n"
        process.send_signal(number)
        output, errors = process.communicate("\n", timeout=60)
        assert (output, errors, process.returncode) == ("stopped\n", "", 0)


def test_process_that_was_started_to_outlive_its_terminal_does() -> None:
    with _started(on_hangup="SIG_IGN") as process:
        assert process.stdout is not None
        process.send_signal(signal.SIGHUP)
        # Were it stopping already, this would be the second interrupt and end it at once.
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == "stopping\n"
        output, errors = process.communicate("\n", timeout=60)
        assert (output, errors, process.returncode) == ("stopped\n", "", 0)


def test_second_interrupt_ends_at_once() -> None:
    with _started() as process:
        assert process.stdout is not None
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == "stopping\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 130
