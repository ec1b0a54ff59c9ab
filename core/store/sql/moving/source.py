"""The database of a stopped embedded server, whose data moves into a cluster.

Rows come out in the order of their keys, as PostgreSQL's driver takes them: SQLite stores what the column types make of
a value just as PostgreSQL does, but for booleans, which are numbers here. Messages come as entities too, for Cassandra.

Nothing is written. The caller holds the lock of the data folder.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Boolean, Connection, Select, Table, create_engine, func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from core.domain.messages.message import Message
from core.domain.messages.reaction import Counts, Reaction
from core.runtime.errors import NewerSchemaError, StartError
from core.store.sql.aggregates.messages.message_batch import MESSAGE
from core.store.sql.schema.all_tables import metadata
from core.store.sql.schema.migrate import SCHEMA_REVISION, find_revision
from core.store.sql.schema.tables.cluster import node_numbers
from core.store.sql.schema.tables.messages import last_messages, messages
from core.store.sql.schema.tables.reactions import reaction_counts, reactions

Row = tuple[Any, ...]

_LEFT_BEHIND: Final = frozenset(
    (
        *("cluster", "node_numbers", "secrets"),  # a cluster has its own; floors are moved by themselves
        *("log", "log_trims", "log_heads", "followed_logs", "outbox"),  # all events have been dispatched
        *("shard_pins", "drained_workers"),  # a single server has no shards elsewhere
        *("nonces", "session_records", "session_cuts"),  # sessions and repeats end with the server
    )
)
MESSAGE_TABLES: Final = (messages, last_messages, reactions, reaction_counts)
"""The tables that Cassandra has instead, in a cluster with one."""
RELATIONAL_TABLES: Final = tuple(
    table for table in metadata.sorted_tables if table.name not in _LEFT_BEHIND and table not in MESSAGE_TABLES
)
"""The tables that move into PostgreSQL, each after those that its foreign keys name."""

BATCH_ROWS: Final = 1000
"""The rows that are in memory together: a few hundred kilobytes."""


class EmbeddedDatabase:
    """An open database."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        """Use `open`."""
        self._connection = connection

    @classmethod
    @contextmanager
    def open(cls, path: Path) -> Iterator["EmbeddedDatabase"]:
        """Open the file and check it.

        Raises:
            StartError: when it cannot be read, is damaged, or has an older schema. NewerSchemaError: a newer one.
        """
        # The mode is read and write, so that what a killed server has left in the write-ahead log is read as well.
        engine = create_engine(f"sqlite:///file:{path.absolute()}?mode=rw&uri=true", poolclass=NullPool)
        try:
            with engine.connect() as connection:
                connection.execute(text("PRAGMA query_only = ON"))
                check_schema(find_revision(connection))
                _check_whole(connection)
                yield cls(connection)
        except DBAPIError as error:
            raise StartError(f"the database {path} cannot be read: {error.orig}") from error
        finally:
            engine.dispose()

    def list_rows(self, table: Table) -> Iterator[list[Row]]:
        """Return the rows of a table in batches."""
        booleans = [place for place, column in enumerate(table.columns) if isinstance(column.type, Boolean)]
        names = ", ".join(column.name for column in table.columns)
        found = self._connection.exec_driver_sql(f"SELECT {names} FROM {table.name} ORDER BY {key_of(table)}")  # noqa: S608 - the schema's names
        for rows in found.partitions(BATCH_ROWS):
            yield [_with_booleans(row, booleans) for row in rows]

    def list_messages(self, rows: int) -> Iterator[list[Message]]:
        """Return the messages in lists of at most `rows`, each of one partition, in the order of ids."""
        statement = select(messages.c.bucket, *MESSAGE.columns).order_by(*messages.primary_key)
        for _, partition in groupby(self._stream(statement), lambda row: (row.bucket, row.channel_id)):
            yield from _cut((MESSAGE.entity(row, 1) for row in partition), rows)

    def list_by_author(self, rows: int) -> Iterator[tuple[tuple[int, int, int], list[tuple[int, int]]]]:
        """Return what each author has sent in guilds: guild, author and bucket, with channels and ids of messages."""
        table = messages.c
        statement = select(table.guild_id, table.author_id, table.bucket, table.channel_id, table.id)
        statement = statement.where(table.guild_id != 0).order_by(table.author_id, table.guild_id, table.id)
        for key, group in groupby(self._stream(statement), lambda row: (row[0], row[1], row[2])):
            for part in _cut(((row[3], row[4]) for row in group), rows):
                yield key, part

    def list_buckets(self) -> Iterator[tuple[int, list[int]]]:
        """Return each channel that has messages, with its buckets in ascending order."""
        table = messages.c
        statement = select(table.channel_id, table.bucket).distinct().order_by(table.channel_id, table.bucket)
        for channel_id, group in groupby(self._stream(statement), lambda row: int(row[0])):
            yield channel_id, [row[1] for row in group]

    def list_newest(self, rows: int) -> Iterator[list[tuple[int, int]]]:
        """Return channels with the newest id that was ever sent in each."""
        statement = select(last_messages.c.channel_id, last_messages.c.message_id).order_by(last_messages.c.channel_id)
        yield from _cut(((row[0], row[1]) for row in self._stream(statement)), rows)

    def list_reactions(self, rows: int) -> Iterator[list[Reaction]]:
        """Return the reactions in lists of at most `rows`, each of one message."""
        table = reactions.c
        statement = select(table.channel_id, table.message_id, table.emoji, table.is_burst, table.user_id, table.id)
        statement = statement.order_by(*reactions.primary_key)
        for (channel_id, message_id), group in groupby(self._stream(statement), lambda row: (row[0], row[1])):
            yield from _cut(
                (
                    Reaction(
                        channel_id=channel_id,
                        message_id=message_id,
                        emoji=row.emoji,
                        is_burst=row.is_burst,
                        user_id=row.user_id,
                        id=row.id,
                    )
                    for row in group
                ),
                rows,
            )

    def list_reaction_counts(self) -> Iterator[tuple[int, int, Counts]]:
        """Return each message with reactions: its channel, its id, and what it shows of them."""
        table = reaction_counts.c
        for row in self._stream(select(table.channel_id, table.message_id, table.counts)):
            yield row[0], row[1], row[2]

    def find_newest_message(self) -> int:
        """Return the largest id of any message, 0 when there was none."""
        return self._connection.execute(select(func.max(last_messages.c.message_id))).scalar() or 0

    def list_floors(self) -> list[tuple[int, int]]:
        """Return the node numbers that were ever used, with their floors in Unix milliseconds."""
        statement = select(node_numbers.c.number, node_numbers.c.floor_ms).where(node_numbers.c.floor_ms > 0)
        return [(row[0], row[1]) for row in self._connection.execute(statement)]

    def _stream(self, statement: Select[Any]) -> Iterator[Any]:
        for rows in self._connection.execute(statement).partitions(BATCH_ROWS):
            yield from rows


def key_of(table: Table) -> str:
    """Return the columns of the primary key, which is the order of rows everywhere."""
    return ", ".join(column.name for column in table.primary_key)


def check_schema(revision: str | None) -> None:
    """Raise StartError for another schema than this version's."""
    if revision == SCHEMA_REVISION:
        return
    if revision is None or revision < SCHEMA_REVISION:
        raise StartError(
            f"the database has schema {revision}, and {SCHEMA_REVISION} is moved: "
            "start and stop `guildway run` of this version once in its folder"
        )
    raise NewerSchemaError(
        f"the database has schema {revision}, and this version knows schemas up to {SCHEMA_REVISION}"
    )


def _check_whole(connection: Connection) -> None:
    fault = connection.execute(text("PRAGMA quick_check(1)")).scalar()
    if fault != "ok":
        raise StartError(f"the database is damaged, restore a backup: {fault}")
    broken = connection.execute(text("PRAGMA foreign_key_check")).first()
    if broken is not None:
        raise StartError(f"the database is damaged: a row of {broken[0]} belongs to a row of {broken[2]} that is gone")


def _with_booleans(row: Sequence[Any], booleans: Sequence[int]) -> Row:
    values = list(row)
    for place in booleans:
        values[place] = bool(values[place])
    return tuple(values)


def _cut(items: Iterator[Any], size: int) -> Iterator[list[Any]]:
    """Return lists of at most so many items."""
    part = []
    for item in items:
        part.append(item)
        if len(part) == size:
            yield part
            part = []
    if part:
        yield part
