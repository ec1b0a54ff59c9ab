"""A real Guildway on loopback: started by its command line, reached over its sockets, ended by its id.

It is one process, as `guildway run` starts it, or a cluster under its supervisor where the tests run on clusters
(`Server.make_place`, which tests/e2e/conftest.py sets). Tests see no difference.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar, Final, Protocol, Self

from deploy.services.definition import find_free_port
from deploy.services.orphans import end_with_parent

_LONGEST_LINE: Final = 1 << 24
"""The bytes of a line of a log. A reader that gives up leaves a full pipe, at which the server stands still."""

_SILENT: Final = {"GUILDWAY_VOICE_ENABLED": "false", "GUILDWAY_VOICE_PORT": "0", "GUILDWAY_VOICE_MEDIA_PORT": "0"}
"""Tests that need voice say so: its process takes as long to start as a server."""


class Place(Protocol):
    """What a server needs around it, and how it is started there."""

    @property
    def command(self) -> tuple[str, ...]: ...

    async def prepare(self, data: Path) -> Mapping[str, str]:
        """Make what the first start needs, before each start; return the variables that name it."""

    async def find_api(self, data: Path, printed: str) -> str:
        """Return the address of the API for clients; `printed` is the one that the server has told."""

    async def leave(self) -> None:
        """Do what is to be done when the server has ended, until it is started again."""


class BarePlace:
    """The place of a single process, which needs a data folder alone."""

    def __init__(self, command: tuple[str, ...] = (sys.executable, "-m", "guildway", "run")) -> None:
        self.command = command

    async def prepare(self, data: Path) -> Mapping[str, str]:
        """Make nothing."""
        return {}

    async def find_api(self, data: Path, printed: str) -> str:
        """Return the address of the process itself."""
        return printed

    async def leave(self) -> None:
        """Do nothing."""


class Server:
    """One server with a data folder of its own; a second start keeps folder and ports."""

    make_place: ClassVar[Callable[[], Place]] = BarePlace

    def __init__(
        self,
        data: Path,
        settings: dict[str, str] | None = None,
        *,
        max_files: int | None = None,
        command: tuple[str, ...] | None = None,
        sockets: Mapping[str, Path] | None = None,
    ) -> None:
        """`max_files` bounds the process's open files; `command` is another way to start the program. `sockets` has the
        Unix sockets of listeners, by the names of their flags; the others get ports.
        """
        self._place = BarePlace(command) if command else type(self).make_place()
        self._data = data
        self._settings = settings or {}
        self._shell = [] if max_files is None else ["sh", "-c", f'ulimit -n {max_files}; exec "$@"', "sh"]
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._sockets = sockets or {}
        self._ports: dict[str, str] = {}
        self._environ: dict[str, str] = {}
        self.log: list[str] = []
        self.api = ""
        self.gateway = ""
        self.metrics = ""

    @property
    def data(self) -> Path:
        """The data folder."""
        return self._data

    @property
    def pid(self) -> int:
        """The process's id."""
        assert self._process is not None
        return self._process.pid

    async def start(self) -> Self:
        """Start the process and wait for its line with the addresses."""
        environ = self._environ = {**await self._place.prepare(self._data)}
        flags = ("api", "gateway", "metrics")
        if self.gateway and "gateway" not in self._sockets:  # a test may choose the port
            self._ports["gateway"] = self.gateway.rpartition(":")[2]
        arguments = [part for flag in flags for part in (f"--{flag}", self._find_place(flag))]
        command = [*self._shell, *self._place.command, "--data", str(self._data), *arguments]
        self._process = await asyncio.create_subprocess_exec(
            *end_with_parent(command), env={**os.environ, **_SILENT, **environ, **self._settings}, start_new_session=True,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, limit=_LONGEST_LINE,
        )  # fmt: skip
        assert self._process.stdout is not None
        async for raw in self._process.stdout:
            line = raw.decode().rstrip()
            self.log.append(line)
            if line.startswith("ready "):
                await self._read_ready(line)
                self._reader = asyncio.create_task(self._drain())
                return self
        raise AssertionError("the server ended before it was ready:\n" + "\n".join(self.log))

    def _find_place(self, flag: str) -> str:
        if flag in self._sockets:
            return f"unix:{self._sockets[flag]}"
        # Nobody else may have it when the server is started again.
        return f"127.0.0.1:{self._ports.setdefault(flag, str(find_free_port()))}"

    async def _read_ready(self, line: str) -> None:
        for field in line.split()[1:]:
            name, _, value = field.partition("=")
            self._ports[name] = value.rpartition(":")[2]
            setattr(self, name, value)
        self.api = await self._place.find_api(self._data, self.api)

    async def stop(self) -> int:
        """End the process as an operator does, and return its exit status."""
        return await self._end(signal.SIGTERM)

    async def administer(self, *words: str) -> Any:
        """Run a command of `guildway admin`, as the operator does at the server's machine; return its answer."""
        # An embedded server has noted in its folder where it answers.
        which = [] if isinstance(self._place, BarePlace) else ["--cluster", "--url", self.api]
        command = ("-m", "guildway", "admin", *which, "--data", str(self._data), "--json", *words)
        process = await asyncio.create_subprocess_exec(
            sys.executable, *command, env={**os.environ, **self._environ},
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        answer, fault = await process.communicate()
        assert process.returncode == 0, (words, process.returncode, fault.decode())
        return json.loads(answer) if answer else None

    async def kill(self) -> None:
        """Kill the process, and all that it has started, as in a crash of the machine."""
        assert self._process is not None
        if self._process.returncode is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        await self._end(signal.SIGKILL)

    async def wait_for_end(self) -> None:
        """Wait until the process has ended without us, as when another has killed it."""
        assert self._process is not None
        await self._process.wait()

    async def _end(self, number: signal.Signals) -> int:
        assert self._process is not None
        if self._process.returncode is None:
            self._process.send_signal(number)
        status = await self._process.wait()
        if self._reader is not None:
            await self._reader
        await self._place.leave()
        return status

    async def _drain(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        async for raw in self._process.stdout:
            self.log.append(raw.decode().rstrip())
