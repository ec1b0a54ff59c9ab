"""One process under the supervisor: it is started, started again when it has died, and stopped.

A process that dies soon after its start is started again after a growing delay; one that has run for a while, at once.
A process says that it is ready by the first line of its output (`ready api=… gateway=… metrics=…`), whose addresses
are kept. Its log goes where the supervisor's goes.
"""

import asyncio
import contextlib
import ctypes
import logging
import os
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import Callable
from functools import partial
from typing import Final

from core.runtime.clock import Clock
from shardctl.cluster_file import Entry, State
from shardctl.plan import PlannedProcess

logger = logging.getLogger(__name__)

STEADY_S: Final = 30.0
"""A process that has run for this long was started well."""
FIRST_DELAY_S: Final = 0.25
LONGEST_DELAY_S: Final = 10.0
STOP_S: Final = 8.0
"""A process that was told to stop takes less than 5 s (docs/operators-guide.md)."""

_WITHOUT_CERTIFICATE: Final = "controller"
"""The role that nobody connects to, for which SIGHUP means the end."""
_PR_SET_PDEATHSIG: Final = 1
_NOTIFY: Final = "NOTIFY_SOCKET"
"""Where a service manager hears of the supervisor, for which its children shall not speak (`man sd_notify`)."""


class Child:
    """A planned process and its present life. `on_change` is called when its entry has changed."""

    __slots__ = ("_addresses", "_clock", "_delay_s", "_on_change", "_planned", "_process", "_state", "ready")

    def __init__(self, planned: PlannedProcess, *, clock: Clock, on_change: Callable[[], None]) -> None:
        self._planned = planned
        self._clock = clock
        self._on_change = on_change
        self._process: Process | None = None
        self._addresses: dict[str, str] = {}
        self._state: State = "starting"
        self._delay_s = 0.0
        self.ready = asyncio.Event()
        """Set once the process has been ready for the first time."""

    @property
    def entry(self) -> Entry:
        """The process as cluster.json shows it."""
        runs = self._process is not None and self._process.returncode is None
        return Entry(
            role=self._planned.role,
            name=self._planned.name,
            pid=self._process.pid if runs and self._process is not None else None,
            state=self._state,
            addresses=self._addresses,
        )

    def reload(self) -> None:
        """Have the process read its certificate again. One that is about to be ready has just read it."""
        if self._process is not None and self._state == "ready" and self._planned.role != _WITHOUT_CERTIFICATE:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGHUP)

    async def run(self) -> None:
        """Keep the process running until this is cancelled, and stop it then."""
        try:
            while True:
                await self._live()
                logger.warning(
                    "a process has died and is started again",
                    extra={"child": self._planned.name, "status": self._status, "after_s": self._delay_s},
                )
                await asyncio.sleep(self._delay_s)
        finally:
            await self._stop()

    @property
    def _status(self) -> int | None:
        return None if self._process is None else self._process.returncode

    async def _live(self) -> None:
        """Start the process and wait for its end."""
        began_s = self._clock.monotonic_s()
        self._process = await asyncio.create_subprocess_exec(
            *self._planned.command,
            stdin=asyncio.subprocess.DEVNULL,
            env={name: value for name, value in os.environ.items() if name != _NOTIFY},
            stdout=asyncio.subprocess.PIPE,
            preexec_fn=partial(_begin, self._planned.processor),
        )
        self._note("starting")
        assert self._process.stdout is not None, "it is a pipe"  # noqa: S101 - for the type checker
        async for line in self._process.stdout:
            self._read(line.decode(errors="replace"))
        await self._process.wait()
        self._note("ended")
        is_steady = self._clock.monotonic_s() - began_s >= STEADY_S
        self._delay_s = 0.0 if is_steady else min(max(FIRST_DELAY_S, self._delay_s * 2), LONGEST_DELAY_S)

    def _read(self, line: str) -> None:
        first, *fields = line.split()
        if first != "ready":
            return
        pairs = (field.partition("=") for field in fields)
        self._addresses = {name: url for name, _, url in pairs if url != "-"}
        self._note("ready")
        self.ready.set()

    def _note(self, state: State) -> None:
        self._state = state
        self._on_change()

    async def _stop(self) -> None:
        process = self._process
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(STOP_S):
                await process.wait()
        except TimeoutError:
            logger.warning("a process did not stop in time and is killed", extra={"child": self._planned.name})
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


def _begin(processor: int | None) -> None:
    """Pin the process, and have the kernel stop it when its supervisor is killed. Only Linux can do that."""
    if sys.platform == "linux":
        if processor is not None:
            os.sched_setaffinity(0, {processor})
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
