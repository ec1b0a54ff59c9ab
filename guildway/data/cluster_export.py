"""`guildway export --cluster`: what a cluster has of one person or one guild.

The rows of that owner alone come into a temporary database, of PostgreSQL as of one instant. Cassandra knows no way
from a person to all that they have sent, so all of its messages and reactions are read, and most are passed over.
"""

import tempfile
from pathlib import Path
from typing import TextIO

from core.domain.errors import Unavailable
from core.domain.messages.message import Message
from core.runtime.clock import Clock
from core.runtime.errors import StartError
from core.runtime.settings.settings import Settings
from core.store.sql.moving.exported import BESIDE_USER
from core.store.sql.moving.source import MESSAGE_TABLES
from core.store.sql.schema.tables.channels import channels
from guildway.data.blobs import open_blobs
from guildway.data.data_files import DATABASE_NAME, DataFiles
from guildway.data.export import Kind, choices_of, write_export
from guildway.data.migration import check_drivers, explained, quieten_drivers


async def run_cluster_export(
    kind: Kind, owner: int, target: Path, *, settings: Settings, clock: Clock, out: TextIO
) -> None:
    """Write the export of a cluster's data into a new folder. Raises StartError."""
    check_drivers()
    quieten_drivers()
    if target.exists():  # noqa: ASYNC240 - a command has nothing else to do
        raise StartError(f"{target} is there already; name a new folder")
    with tempfile.TemporaryDirectory(prefix="guildway-export-") as folder:
        database = Path(folder) / DATABASE_NAME
        try:
            await _copy_rows(kind, owner, database, settings, clock)
        except Unavailable as error:
            raise StartError(f"the cluster cannot be read: {error.__cause__}") from error
        data = DataFiles.in_folder(Path(settings.store.data_dir))
        blobs = await open_blobs(settings.files, data)
        await write_export(kind, owner, target, database=database, blobs=blobs, out=out)


async def _copy_rows(kind: Kind, owner: int, path: Path, settings: Settings, clock: Clock) -> None:
    from core.store.sql.moving.copied import CopiedDatabase  # noqa: PLC0415 - the drivers may be missing
    from core.store.sql.moving.instant import open_instant  # noqa: PLC0415 - as above

    has_cassandra = bool(settings.cassandra.contact_points)
    choices = choices_of(kind) | (BESIDE_USER if kind is Kind.USER else {})
    async with CopiedDatabase.make(path) as database:
        of_guild: set[int] = set()
        async with explained(settings), open_instant(settings.postgres.url) as instant:
            for table, choose in choices.items():
                if has_cassandra and table in MESSAGE_TABLES:
                    continue
                async for rows in instant.list_rows(table, choose(owner)):
                    database.put_rows(table, rows)
                    if table is channels:
                        of_guild.update(row[0] for row in rows)
        if not has_cassandra:
            return
        from core.store.cassandra.connection import open_scan  # noqa: PLC0415 - as above

        async with open_scan(settings.cassandra, clock=clock) as scan:
            async for found in scan.list_messages():
                database.put_messages(message for message in found if _is_of(kind, message, owner))
            async for reacted in scan.list_reacted():
                database.put_reactions(
                    each
                    for each in reacted.reactions
                    if (each.user_id == owner if kind is Kind.USER else each.channel_id in of_guild)
                )


def _is_of(kind: Kind, message: Message, owner: int) -> bool:
    return owner == (message.author_id if kind is Kind.USER else message.guild_id)
