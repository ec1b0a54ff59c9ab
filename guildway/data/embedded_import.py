"""`guildway import-embedded`: the data of a stopped embedded server moves into an empty cluster.

```
 data folder (locked) ─┬─ images, files ─────────→ the cluster's data folder, or its bucket
                       ├─ messages, reactions ───→ Cassandra, if the settings name one
                       └─ all other rows, and node numbers' floors ─→ PostgreSQL, one transaction, last
```

Each part is read back and compared before the next one begins. PostgreSQL comes last and takes all or nothing, so a
cluster has people only when it has everything else. An import that was interrupted leaves images, which the next one
finds, and rows in Cassandra, which the next one removes when it is told to (`--replace`).

The log, the outbox, nonces and sessions are not moved: clients log in anew, with the tokens that they have. Nothing
that moves depends on `num_shards`, so a cluster may have another number than the embedded server had.
"""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final, TextIO

from prometheus_client import CollectorRegistry

from core.domain.errors import Unavailable
from core.domain.ids import created_ms
from core.runtime.clock import Clock
from core.runtime.data_dir import DataDir
from core.runtime.errors import StartError
from core.runtime.metrics.cluster_metrics import CassandraMetrics
from core.runtime.settings.settings import Settings
from guildway.data.blobs import open_blobs
from guildway.data.data_files import DataFiles
from guildway.data.image_copy import CopiedImages, copy_images, upload_images
from guildway.data.migration import check_drivers, explained, quieten_drivers

if TYPE_CHECKING:  # the drivers may be missing
    from core.store.cassandra.bulk import BulkMessages
    from core.store.cassandra.bulk_reactions import BulkReactions
    from core.store.sql.moving.source import EmbeddedDatabase

_NEWEST_AT_ONCE: Final = 10
"""The channels whose newest ids are one request."""


FilesMoved = Callable[[], Awaitable[CopiedImages]]
"""Moves people's files into the cluster's store of files, and compares them."""


async def run_import(folder: Path, settings: Settings, *, replaces: bool, clock: Clock, out: TextIO) -> None:
    """Move the data of `folder` into the cluster of the settings, and tell for each part what was compared.

    Raises:
        StartError: when the folder is in use or cannot be read, the cluster is not empty or cannot be used, or
            something is not the same on both sides. NewerSchemaError: when the folder is of a newer version.
    """
    check_drivers()
    source = DataFiles.in_folder(folder)
    if not source.database.is_file():
        raise StartError(f"there is no database {source.database}; say where the data is with --data")

    async def move_files() -> CopiedImages:
        target = DataFiles.in_folder(Path(settings.store.data_dir))
        if settings.files.s3_bucket:
            return await upload_images(source, await open_blobs(settings.files, target))
        return copy_images(source, target)

    lock = DataDir(folder)
    try:
        await fill_cluster(source.database, move_files, settings, replaces=replaces, clock=clock, out=out)
    finally:
        lock.close()
    _tell(out, f"everything of {folder} is in the cluster; do not run the embedded server on this folder any more")


async def fill_cluster(
    path: Path,
    move_files: FilesMoved,
    settings: Settings,
    *,
    replaces: bool,
    clock: Clock,
    out: TextIO,
    with_secrets: bool = False,
) -> None:
    """Move the rows of a database that nobody else uses, and files, into an empty cluster.

    `with_secrets` moves the keys too, by which the links to files and the tokens of staff were made. Raises as
    `run_import`.
    """
    check_drivers()
    quieten_drivers()
    from core.store.sql.moving.source import EmbeddedDatabase  # noqa: PLC0415
    from core.store.sql.moving.target import check_empty, move_rows  # noqa: PLC0415
    from core.store.sql.postgres.preparation import alone  # noqa: PLC0415

    async with contextlib.AsyncExitStack() as stack:
        database = stack.enter_context(EmbeddedDatabase.open(path))
        _check_clock(database, clock)
        await stack.enter_async_context(explained(settings))
        engine = await stack.enter_async_context(alone(settings.postgres.url))
        await check_empty(engine, clock)
        bulk = None
        if settings.cassandra.contact_points:
            bulk = await stack.enter_async_context(_open_bulk(settings, clock, replaces=replaces))
        images = await move_files()
        _tell(out, f"images: {images.count:,} files, {images.size_bytes:,} bytes, each compared")
        if bulk is not None:
            messages, reactions = bulk
            await _move_messages(database, messages, out)
            await _move_reactions(database, reactions, out)
        moved = await move_rows(database, engine, clock, with_messages=bulk is None, with_secrets=with_secrets)
        for table in moved:
            _tell(out, f"{table.name}: {table.rows:,} rows, each compared, digest {table.digest}")


def _check_clock(database: "EmbeddedDatabase", clock: Clock) -> None:
    """Check that no message is from the future, below whose id new ones would come for a while. Raises StartError."""
    ahead_ms = created_ms(database.find_newest_message()) - clock.now_ms()
    if ahead_ms > 0:
        raise StartError(
            f"the newest message is {ahead_ms / 1000:.0f} s ahead of this machine's clock: set it right, or wait"
        )


@contextlib.asynccontextmanager
async def _open_bulk(
    settings: Settings, clock: Clock, *, replaces: bool
) -> AsyncIterator[tuple["BulkMessages", "BulkReactions"]]:
    from core.store.cassandra.connection import open_bulk  # noqa: PLC0415

    metrics = CassandraMetrics(CollectorRegistry())  # nobody reads them
    async with open_bulk(settings.cassandra, clock=clock, metrics=metrics, replaces=replaces) as bulk:
        yield bulk


async def _move_messages(database: "EmbeddedDatabase", bulk: "BulkMessages", out: TextIO) -> None:
    from core.store.cassandra.bulk import PIECE_ROWS  # noqa: PLC0415

    try:
        await bulk.write(database.list_messages(PIECE_ROWS))
        await bulk.write_newest(database.list_newest(_NEWEST_AT_ONCE))
        messages = await bulk.compare(database.list_messages(PIECE_ROWS))
        authored = await bulk.compare_authors(database.list_by_author(PIECE_ROWS))
        buckets = await bulk.compare_buckets(database.list_buckets())
        channels = await bulk.compare_newest(database.list_newest(_NEWEST_AT_ONCE))
    except Unavailable as error:
        raise StartError(f"Cassandra does not answer, start again with --replace: {error.__cause__}") from error
    _tell(out, f"messages in Cassandra: {messages:,}, each compared")
    _tell(
        out,
        f"beside them: {authored:,} in lists of authors, {buckets:,} partitions, the newest ids of {channels:,} "
        "channels, each compared",
    )


async def _move_reactions(database: "EmbeddedDatabase", bulk: "BulkReactions", out: TextIO) -> None:
    from core.store.cassandra.bulk_reactions import REACTIONS_AT_ONCE  # noqa: PLC0415

    try:
        await bulk.write(database.list_reactions(REACTIONS_AT_ONCE))
        await bulk.write_counts(database.list_reaction_counts())
        reactions = await bulk.compare(database.list_reactions(REACTIONS_AT_ONCE))
        counted = await bulk.compare_counts(database.list_reaction_counts())
    except Unavailable as error:
        raise StartError(f"Cassandra does not answer, start again with --replace: {error.__cause__}") from error
    _tell(out, f"reactions in Cassandra: {reactions:,}, to {counted:,} messages, each compared")


def _tell(out: TextIO, text: str) -> None:
    out.write(f"{text}\n")
    out.flush()
