"""The life of a service's process: started once, awaited until it answers, ended by its id.

The process outlives the one that starts it, so its id is kept in a file, with the time at which the process began. A
number that the system has given to somebody else meanwhile is therefore never signalled. Tests pause and kill the
processes too.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from deploy.services.definition import Service, is_port_taken
from deploy.services.orphans import end_with_parent

START_S: Final = 110.0
"""The longest start. Cassandra takes 6 s on a free machine, and ten times that among a crowd of tests."""

STOP_S: Final = 30.0
_LOOK_S: Final = 0.05
_ATTEMPTS: Final = 20
_REST_S: Final = 0.25
"""A service that was killed leaves children for a moment, which hold its memory or its port: it is started again."""

_LOG_LINES: Final = 20


class ServiceFailed(Exception):
    """A service did not start or did not end. The text has the end of its log."""


class ServiceProcess:
    """One service: its process runs, or does not."""

    def __init__(self, service: Service, *, ends_with_us: bool = False) -> None:
        """`ends_with_us` has the kernel kill the process when ours ends, be it killed itself."""
        self.service = service
        self._ends_with_us = ends_with_us
        self._log = service.folder / "log"
        self._pid_file = service.folder / "pid"
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The id of the running process, None when it does not run."""
        if self._child is not None:
            return self._child.pid if self._child.poll() is None else None
        try:
            pid, _, began = self._pid_file.read_text().partition(" ")
        except FileNotFoundError:
            return None
        return int(pid) if began and _find_begin(int(pid)) == began else None

    def start(self) -> bool:
        """Start the service unless it runs, wait until it answers, and return whether it was started.

        Raises:
            MissingProgram: when it is not installed.
            ServiceFailed: when it does not answer in time, or somebody else has its port.
        """
        if self.pid is not None:
            self._wait_for_answer(time.monotonic() + START_S)
            return False
        service = self.service
        service.folder.mkdir(parents=True, exist_ok=True)
        if is_port_taken(service.port):
            raise ServiceFailed(f"{service.name}: another program listens on port {service.port}")
        program = service.prepare()
        command = end_with_parent(program.command) if self._ends_with_us else list(program.command)
        deadline = time.monotonic() + START_S
        for attempt in range(_ATTEMPTS):
            time.sleep(_REST_S if attempt else 0)
            with self._log.open("ab") as log:
                self._child = subprocess.Popen(
                    command, cwd=service.data, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                    start_new_session=True, user=program.account, group=program.account,
                    extra_groups=[] if program.account else None,
                )  # fmt: skip
            self._pid_file.write_text(f"{self._child.pid} {_find_begin(self._child.pid)}")
            if self._wait_for_answer(deadline):
                return True
        raise ServiceFailed(f"{service.name} ends as soon as it is started:\n{self._read_log()}")

    def stop(self) -> bool:
        """End the service in order and return whether it ran. Raises ServiceFailed when it goes on."""
        pid = self.pid
        if pid is not None:
            self._signal(signal.SIGCONT)
            self._signal(self.service.stop_signal)
            self._wait_for_end()
        self._pid_file.unlink(missing_ok=True)
        return pid is not None

    def kill(self) -> None:
        """End the process at once, as a crash does."""
        self._signal(signal.SIGKILL)
        self._wait_for_end()

    def pause(self) -> None:
        """Stop the process without ending it: it keeps its connections and answers nobody."""
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let a paused process go on."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        pid = self.pid
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def _wait_for_answer(self, deadline: float) -> bool:
        """Return whether it answers; False when it has ended instead."""
        while not self.service.answers():
            if self.pid is None:
                return False
            if time.monotonic() > deadline:
                raise ServiceFailed(f"{self.service.name} does not answer after {START_S:.0f} s:\n{self._read_log()}")
            time.sleep(_LOOK_S)
        return True

    def _wait_for_end(self) -> None:
        deadline = time.monotonic() + STOP_S
        while self.pid is not None:
            if time.monotonic() > deadline:
                raise ServiceFailed(f"{self.service.name} goes on after {STOP_S:.0f} s (process {self.pid})")
            time.sleep(_LOOK_S)

    def _read_log(self) -> str:
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-_LOG_LINES:])


@contextlib.contextmanager
def running(service: Service) -> Iterator[ServiceProcess]:
    """Start a service that nobody needs afterwards: at the end it is killed and its data removed. The log stays."""
    process = ServiceProcess(service, ends_with_us=True)
    try:
        process.start()
        yield process
    finally:
        process.kill()
        shutil.rmtree(service.data, ignore_errors=True)


def _find_begin(pid: int) -> str:
    """Return when a process began, in the system's own words; nothing when it has ended."""
    try:
        # The name of the program, in parentheses, may hold spaces. The state follows it, the begin is 19 words further.
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        if Path("/proc/self/stat").exists():
            return ""
        asked = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
        return asked.stdout.strip()
    return "" if words[0] == "Z" else words[19]
