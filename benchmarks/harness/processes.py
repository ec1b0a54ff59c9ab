"""Processes that are measured or measure: pinned to a core, told lines on stdin, read from stdout, watched from
outside.
"""

import atexit
import os
import resource
import select
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

SERVER_CORE: Final = 0
CLIENT_CORE: Final = 1
"""The core of the clients. On a machine with one core the server shares it, and the figures mean little."""

_END_S: Final = 20
_ANSWER_S: Final = 120
"""The time limit of an answer, longer than any burst."""
_CHUNK: Final = 1 << 16
_CPU_CLOCK: Final = 2
"""The clock of a process's processor time in the kernel, in the lowest bits of a clock id (clock_getcpuclockid(3))."""


def core(number: int) -> set[int]:
    """Return the core of this number, or the last one that the machine has."""
    cores = sorted(os.sched_getaffinity(0))
    return {cores[min(number, len(cores) - 1)]}


def raise_file_limit() -> int:
    """Allow as many open files as the system permits, for this process and for those that it starts."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


class PinnedProcess:
    """A program on one core that answers a line with a line. Its stderr is this process's."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        on_core: int | None,
        settings: Mapping[str, str] | None = None,
        pass_fds: Sequence[int] = (),
    ) -> None:
        """`on_core` is None for a program that has children on all cores. It inherits `pass_fds`."""
        self._process = subprocess.Popen(
            command,
            env={**os.environ, **(settings or {})},
            stdout=subprocess.PIPE,
            stdin=subprocess.PIPE,
            bufsize=0,
            pass_fds=pass_fds,
        )
        self._came = b""
        self._name = Path(command[0]).name
        # A benchmark that breaks off also stops it: a server left behind would disturb the next measurement.
        atexit.register(self.stop)
        if on_core is not None:
            self.pin(on_core)

    @property
    def pid(self) -> int:
        """Return the process's id."""
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Return whether it has not ended."""
        return self._process.poll() is None

    def pin(self, on_core: int) -> None:
        """Put it on a core, with all threads that it has by now and that these will start."""
        for thread in Path(f"/proc/{self.pid}/task").iterdir():
            os.sched_setaffinity(int(thread.name), core(on_core))

    def tell(self, line: str) -> None:
        """Write a line."""
        assert self._process.stdin is not None
        self._process.stdin.write(line.encode() + b"\n")

    def read(self) -> str:
        """Read a line. Raises RuntimeError when the process has ended, or says nothing for too long."""
        assert self._process.stdout is not None
        while b"\n" not in self._came:
            if not select.select([self._process.stdout], [], [], _ANSWER_S)[0]:
                raise RuntimeError(f"{self._name} has said nothing for {_ANSWER_S} s")
            came = self._process.stdout.read(_CHUNK)
            if not came:
                raise RuntimeError(f"{self._name} ended with {self._process.wait(timeout=_END_S)}")
            self._came += came
        line, _, self._came = self._came.partition(b"\n")
        return line.decode().strip()

    def ask(self, question: str) -> str:
        """Write a line and read a line."""
        self.tell(question)
        return self.read()

    def read_ready(self) -> dict[str, str]:
        """Read the fields of the line `ready name=value …` that a server prints when it serves. Earlier lines are
        skipped.
        """
        while not (line := self.read()).startswith("ready "):
            pass
        return dict(field.split("=", 1) for field in line.split()[1:])

    def cpu_s(self) -> float:
        """Return the processor time used so far by all of its threads, in the kernel and outside."""
        return time.clock_gettime((~self.pid << 3) | _CPU_CLOCK)

    def rss_bytes(self) -> int:
        """Return the resident memory."""
        return int(Path(f"/proc/{self.pid}/statm").read_text(encoding="ascii").split()[1]) * resource.getpagesize()

    def stop(self) -> None:
        """End the process and wait. A process that has ended is no error."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(timeout=_END_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
        self._process.wait(timeout=_END_S)
        atexit.unregister(self.stop)
