"""A database that has had all migrations, made once in a run: tests copy it, which takes a quarter of the time."""

import asyncio
import shutil
from pathlib import Path

from core.store.sql.engine.dialect import SQLITE
from core.store.sql.schema.migrate import migrate


class MigratedDatabase:
    """The file that is copied. It holds no rows, not even the numbers of a cluster, so each copy may get its own."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @classmethod
    def make(cls, path: Path) -> "MigratedDatabase":
        """Make the file at a path where there is none."""
        # With a factory the runner leaves the thread's event loop alone, which pytest-asyncio has set.
        with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
            runner.run(_migrate(path))
        return cls(path)

    def copy_to(self, path: Path) -> None:
        """Put a copy where a store will be opened, if there is no database yet."""
        if not path.exists():
            shutil.copyfile(self._path, path)


async def _migrate(path: Path) -> None:
    engine = SQLITE.connect(str(path))
    await migrate(engine)
    await engine.dispose()
