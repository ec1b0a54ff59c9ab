"""A real Guildway process on loopback: started by its command line, reached over its sockets, ended by its id."""

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Self


class Server:
    """One `guildway run` with a data folder of its own; `restart` keeps folder and ports."""

    def __init__(
        self,
        data: Path,
        settings: dict[str, str] | None = None,
        *,
        max_files: int | None = None,
        command: tuple[str, ...] = (sys.executable, "-m", "guildway", "run"),
    ) -> None:
        """`max_files` bounds the process's open files; `command` is another way to start the program."""
        self._command = command
        self._data = data
        self._settings = settings or {}
        self._shell = [] if max_files is None else ["sh", "-c", f'ulimit -n {max_files}; exec "$@"', "sh"]
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self.log: list[str] = []
        self.api = ""
        self.gateway = ""
        self.metrics = ""

    @property
    def pid(self) -> int:
        """The process's id."""
        assert self._process is not None
        return self._process.pid

    async def start(self) -> Self:
        """Start the process and wait for its line with the addresses."""
        flags = ("api", "gateway", "metrics")
        ports = [getattr(self, flag).rsplit(":", 1)[-1] or "0" for flag in flags]
        arguments = [
            part for flag, port in zip(flags, ports, strict=True) for part in (f"--{flag}", f"127.0.0.1:{port}")
        ]
        self._process = await asyncio.create_subprocess_exec(
            *self._shell, *self._command, "--data", str(self._data), *arguments,
            env={**os.environ, **self._settings}, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        assert self._process.stdout is not None
        async for raw in self._process.stdout:
            line = raw.decode().rstrip()
            self.log.append(line)
            if line.startswith("ready "):
                for field in line.split()[1:]:
                    name, _, value = field.partition("=")
                    setattr(self, name, value)
                self._reader = asyncio.create_task(self._drain())
                return self
        raise AssertionError("the server ended before it was ready:\n" + "\n".join(self.log))

    async def stop(self) -> int:
        """End the process as an operator does, and return its exit status."""
        return await self._end(signal.SIGTERM)

    async def kill(self) -> None:
        """Kill the process, as in a crash."""
        await self._end(signal.SIGKILL)

    async def _end(self, number: signal.Signals) -> int:
        assert self._process is not None
        if self._process.returncode is None:
            self._process.send_signal(number)
        status = await self._process.wait()
        if self._reader is not None:
            await self._reader
        return status

    async def _drain(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        async for raw in self._process.stdout:
            self.log.append(raw.decode().rstrip())
