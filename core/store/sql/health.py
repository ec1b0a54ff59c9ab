"""The check whether the database can do its work: reads, room on the disk, and writes.

The test write costs a page of the log and changes nothing (a number in the file's head that nobody uses). It is left
out after a recent commit. It goes through the writer like all others, so the check also finds a writer that stands
still. After a failed write a page proves little: the file may have room for a page and for no message. So the next
proof is a row larger than units of work, which is then removed.
"""

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from sqlalchemy import delete, insert, text

from core.domain.errors import Unavailable
from core.store.sql.engine.connection import Executor
from core.store.sql.engine.database_files import DatabaseFiles
from core.store.sql.engine.errors import reason_of
from core.store.sql.engine.pool import ReadPool
from core.store.sql.schema.tables.messages import nonces
from core.store.sql.writing.commits import Commits
from core.store.sql.writing.writer import Writer
from core.wire.envelope import Envelope

MIN_FREE_BYTES: Final = 2 * 1024 * 1024
"""Below this the database's log finds no room to grow between two checkpoints (4 MB) and the next burst fails."""

_PROOF_S: Final = 15.0
_TIMEOUT_S: Final = 3.0
"""The time that a probe of a load balancer waits, roughly."""

_MUCH_BYTES: Final = 64 * 1024
_NOBODY: Final = 0
"""An id that nobody has. A row that a dying process leaves under it is purged as expired."""

_READ = text("SELECT version_num FROM alembic_version")
_WRITE = text("PRAGMA user_version = 0")


class StoreHealth:
    """The health of one database. `path` is its file; None when there is none."""

    __slots__ = ("_commits", "_files", "_path", "_reads", "_writer")

    def __init__(
        self, *, path: Path | None, files: DatabaseFiles, reads: ReadPool, writer: Writer, commits: Commits
    ) -> None:
        self._path = path
        self._files = files
        self._reads = reads
        self._writer = writer
        self._commits = commits

    async def find_fault(self) -> str | None:
        """Return the fault in a few words, None when all is well."""
        lost = self._files.find_fault()
        if lost is not None:
            return lost
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                await self._reads.fetch_one(_READ)
                fault = self._find_lack_of_room() or self._commits.find_fault()
                if fault is None and not self._commits.has_committed_within(_PROOF_S):
                    for prove in (_write_much, _remove_much) if self._commits.has_failed else (_write_nothing,):
                        await self._writer.run_errand(prove)
        except TimeoutError:
            return "the database does not answer in time"
        except Unavailable as error:
            return f"the database fails: {reason_of(error)}"
        else:
            return fault

    def measure_free_bytes(self) -> float:
        """Return the free bytes of the disk, 0 when they are unknown."""
        try:
            found = os.statvfs(self._path.parent if self._path else ".")
        except OSError:
            return 0.0
        return float(found.f_bavail * found.f_frsize)

    def measure_bytes(self, suffix: str = "") -> float:
        """Return the size of the database's file, or with `-wal` of its log; 0 when it is not there."""
        try:
            return float(Path(f"{self._path}{suffix}").stat().st_size)
        except OSError:
            return 0.0

    def _find_lack_of_room(self) -> str | None:
        if self._path is None or self.measure_free_bytes() >= MIN_FREE_BYTES:
            return None
        return "the disk is full"


async def _write_nothing(db: Executor) -> tuple[Any, Sequence[Envelope]]:
    return await db.execute(_WRITE), ()


async def _write_much(db: Executor) -> tuple[Any, Sequence[Envelope]]:
    await _remove_much(db)
    row = {"message_id": _NOBODY, "author_id": _NOBODY, "channel_id": _NOBODY, "created_ms": 0}
    return await db.execute(insert(nonces).values(nonce="x" * _MUCH_BYTES, **row)), ()


async def _remove_much(db: Executor) -> tuple[Any, Sequence[Envelope]]:
    return await db.execute(delete(nonces).where(nonces.c.message_id == _NOBODY)), ()
