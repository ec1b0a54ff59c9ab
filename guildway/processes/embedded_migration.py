"""`guildway migrate --data DIR`: the database of a stopped embedded server gets the tables of this version.

A start does the same by itself. The command is for who wants to know how long it takes, or what would be done.
"""

from pathlib import Path
from typing import TextIO

from core.domain.errors import Unavailable
from core.runtime.clock import Clock
from core.runtime.data_dir import DataDir
from core.runtime.errors import StartError
from core.runtime.settings.settings import StoreSettings
from core.store.sql.engine.backup import find_schema
from core.store.sql.schema.migrate import SCHEMA_REVISION, list_missing
from guildway.data.data_files import DataFiles
from guildway.data.migration import describe_missing
from guildway.processes.embedded_ground import open_store


async def run_embedded_migrate(settings: StoreSettings, *, clock: Clock, is_dry: bool, out: TextIO) -> None:
    """Bring a folder's database up to date, or tell what would be done, which a running server does not mind.

    Raises:
        StartError: when there is none, it is in use, or it cannot be brought up to date. NewerSchemaError.
    """
    files = DataFiles.in_folder(Path(settings.data_dir))
    if not files.database.is_file():
        raise StartError(f"there is no database {files.database}")
    if is_dry:
        found = _find(files.database)
        out.write(f"{files.database}: {describe_missing(found, list_missing(found))}\n")
        return
    folder = DataDir(files.database.parent)
    try:
        store = await open_store(folder, settings, clock)
        before = store.schema_before
        await store.close()
    finally:
        folder.close()
    done = "up to date" if before == SCHEMA_REVISION else f"brought from schema {before}"
    out.write(f"{files.database}: {done}, schema {SCHEMA_REVISION}\n")


def _find(database: Path) -> str:
    try:
        return find_schema(database)
    except Unavailable as error:
        raise StartError(f"the database {database} cannot be read: {error.__cause__}") from error
