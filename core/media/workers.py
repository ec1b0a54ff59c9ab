"""The processes that work on pictures: as many as the settings allow, each started when it is first needed.

A process that takes too long, or dies, is replaced, and its picture counts as broken. When too many pictures wait, a
new one is refused and not queued, so a crowd of thumbnails cannot hold up what comes later for long. Callers remove
what is left of the target.
"""

import asyncio
import contextlib
import logging
import os
import sys
from pathlib import Path
from typing import Final

import msgspec

import core
from core.domain.errors import Unavailable
from core.media.pictures import BlankJob, CleanJob, Job, Outcome, ScaleJob

logger = logging.getLogger(__name__)

_MOST_WAITING: Final = 64
"""A few seconds of work for one process."""
_JOB_S: Final = 30.0
"""Longer than the largest picture takes on a slow machine."""

_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(Outcome).decode


class PictureWorkers:
    """The processes of one server."""

    __slots__ = ("_idle", "_max_pixels", "_places", "_waiting")

    def __init__(self, *, processes: int, max_pixels: int) -> None:
        self._max_pixels = max_pixels
        self._places = asyncio.Semaphore(processes)
        self._idle: list[asyncio.subprocess.Process] = []
        self._waiting = 0

    async def clean(self, source: Path, target: Path, content_type: str) -> Outcome:
        """Measure a picture, and write it to `target` without metadata and upright. Raises Unavailable."""
        return await self._do(
            CleanJob(source=str(source), target=str(target), content_type=content_type, max_pixels=self._max_pixels)
        )

    async def blank(self, path: Path, content_type: str) -> None:
        """Empty the metadata of a file that could not be cleaned. Raises Unavailable when that did not succeed."""
        outcome = await self._do(BlankJob(path=str(path), content_type=content_type))
        if outcome.error:
            logger.warning("a broken picture could not be emptied", extra={"reason": outcome.error})
            raise Unavailable

    async def scale(
        self, source: Path, target: Path, *, width: int, height: int, format_: str, quality: int
    ) -> Outcome:
        """Write a picture to `target`, fitted into a box. Raises Unavailable when too many wait."""
        return await self._do(
            ScaleJob(
                source=str(source),
                target=str(target),
                width=width,
                height=height,
                format=format_,
                quality=quality,
                max_pixels=self._max_pixels,
            )
        )

    async def close(self) -> None:
        """End the processes that have nothing to do; the others end with their last job."""
        while self._idle:
            await _end(self._idle.pop())

    async def _do(self, job: Job) -> Outcome:
        if self._waiting >= _MOST_WAITING:
            raise Unavailable
        self._waiting += 1
        try:
            async with self._places:
                return await self._run(job)
        finally:
            self._waiting -= 1

    async def _run(self, job: Job) -> Outcome:
        process = self._idle.pop() if self._idle else await self._start()
        is_well = False
        try:
            async with asyncio.timeout(_JOB_S):
                outcome = await _ask(process, _encode(job))
            is_well = True
        except (TimeoutError, OSError, EOFError, msgspec.DecodeError) as error:
            return Outcome(error=f"the process failed: {type(error).__name__}")
        else:
            return outcome
        finally:
            if is_well:
                self._idle.append(process)
            else:
                await _end(process)

    async def _start(self) -> asyncio.subprocess.Process:
        # The package may lie where only this process' path leads.
        root = str(Path(core.__path__[0]).parent)
        path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH", ""))))
        try:
            return await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "core.media.worker", str(self._max_pixels)),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                env={"PYTHONPATH": path, "PATH": os.environ.get("PATH", "")},
                start_new_session=True,  # a signal to the server's group is not for it
            )
        except OSError as error:
            raise Unavailable from error


async def _ask(process: asyncio.subprocess.Process, line: bytes) -> Outcome:
    if process.stdin is None or process.stdout is None:
        raise EOFError
    process.stdin.write(line + b"\n")
    await process.stdin.drain()
    return _decode(await process.stdout.readuntil(b"\n"))


async def _end(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    await process.wait()
