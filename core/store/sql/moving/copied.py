"""A new SQLite database that takes the rows of a cluster: for a backup, or for the export of somebody's data.

It has the schema of this version and everything that an embedded server's database has, so whatever reads one of those
reads this one too. It is a file that nobody else knows: nothing waits for the disk until all is written, and the file
is useless until `make` has ended well.
"""

import sqlite3
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Final

import msgspec
from sqlalchemy import Table

from core.domain.ids import bucket_of
from core.domain.messages.message import Message
from core.domain.messages.reaction import Counts, Reaction
from core.store.sql.aggregates.messages.message_batch import message_row
from core.store.sql.engine.dialect import connect_sqlite
from core.store.sql.moving.source import RELATIONAL_TABLES, Row
from core.store.sql.schema.migrate import migrate
from core.store.sql.schema.tables.cluster import node_numbers
from core.store.sql.schema.tables.messages import last_messages, messages
from core.store.sql.schema.tables.reactions import reaction_counts, reactions
from core.store.sql.schema.tables.secrets import secrets

COPIED_TABLES: Final = (*RELATIONAL_TABLES, node_numbers, secrets)
"""The tables of PostgreSQL that a backup has, in an order in which they can be filled. Those of messages are apart."""

_CACHE: Final = "cache_size = -262144"
"""256 MiB: Cassandra gives messages in an order of its own, which is not that of the file."""
_HAS_MESSAGE: Final = "SELECT 1 FROM messages WHERE channel_id = ? AND bucket = ? AND id = ?"
_NEWEST_KEPT: Final = "SELECT max(id) FROM messages WHERE channel_id = ?"
_UNPIN: Final = (
    "UPDATE messages SET pinned = 0 WHERE pinned = 1 AND id NOT IN "
    "(SELECT message_id FROM pins WHERE pins.channel_id = messages.channel_id)"
)
_PINNED: Final = "SELECT channel_id, message_id FROM pins"
_PIN: Final = "UPDATE messages SET pinned = 1 WHERE channel_id = ? AND bucket = ? AND id = ?"
_encode: Final = msgspec.json.Encoder().encode


class CopiedDatabase:
    """The database, while it is filled."""

    __slots__ = ("_database",)

    def __init__(self, database: sqlite3.Connection) -> None:
        """Use `make`."""
        self._database = database

    @classmethod
    @asynccontextmanager
    async def make(cls, path: Path) -> AsyncIterator["CopiedDatabase"]:
        """Make the tables in an empty file, and finish the file when the body has ended well. Raises Unavailable."""
        engine = connect_sqlite(str(path))
        try:
            await migrate(engine)
        finally:
            await engine.dispose()
        with closing(sqlite3.connect(path)) as database:
            # One file, and no journal: who is interrupted begins with a new one.
            for pragma in ("journal_mode = DELETE", "journal_mode = OFF", "synchronous = OFF", _CACHE):
                database.execute(f"PRAGMA {pragma}")
            yield cls(database)
            database.commit()

    def put_rows(self, table: Table, rows: Sequence[Row]) -> None:
        """Write rows as a driver has given them, in the order of the table's columns."""
        names = ", ".join(f'"{column.name}"' for column in table.columns)
        places = ", ".join("?" * len(table.columns))
        # What the tables have from the beginning is replaced.
        self._database.executemany(f"INSERT OR REPLACE INTO {table.name} ({names}) VALUES ({places})", rows)  # noqa: S608 - the schema's names

    def put_messages(self, found: Iterable[Message]) -> None:
        """Write messages of Cassandra."""
        self.put_rows(messages, [message_row(message) for message in found])

    def has_message(self, channel_id: int, message_id: int) -> bool:
        """Tell whether a message was written."""
        place = (channel_id, bucket_of(message_id), message_id)
        return self._database.execute(_HAS_MESSAGE, place).fetchone() is not None

    def put_reactions(self, found: Iterable[Reaction]) -> None:
        """Write reactions of Cassandra."""
        self.put_rows(
            reactions,
            [(each.channel_id, each.message_id, each.key, each.is_burst, each.user_id, each.id) for each in found],
        )

    def put_counts(self, channel_id: int, message_id: int, counts: Counts) -> None:
        """Write what a message shows of its reactions."""
        self.put_rows(reaction_counts, [(channel_id, message_id, _encode(counts).decode())])

    def put_newest(self, channel_id: int, newest: int, *, cut: int) -> None:
        """Write the newest id that was ever sent in a channel. From the cut on none is here: what is left counts."""
        if newest >= cut:
            newest = self._database.execute(_NEWEST_KEPT, (channel_id,)).fetchone()[0] or 0
        if newest:
            self.put_rows(last_messages, [(channel_id, newest)])

    def agree_on_pins(self) -> None:
        """Let messages be marked as pinned that are pinned by the rows of pins, and no others."""
        self._database.execute(_UNPIN)
        pinned = self._database.execute(_PINNED).fetchall()
        self._database.executemany(_PIN, [(channel_id, bucket_of(id_), id_) for channel_id, id_ in pinned])

    def forget_secret(self, name: str) -> bytes | None:
        """Remove a secret, and return it; None when there is none."""
        found = self._database.execute("SELECT value FROM secrets WHERE name = ?", (name,)).fetchone()
        self._database.execute("DELETE FROM secrets WHERE name = ?", (name,))
        return None if found is None else bytes(found[0])


def list_blob_names(path: Path) -> list[str]:
    """List the names of the files that the rows of a database lead to."""
    with closing(sqlite3.connect(path)) as database:
        return [
            *(f"attachments/{row[0]}/{row[1]}" for row in database.execute("SELECT channel_id, id FROM files")),
            *(
                f"{row[0]}/{row[1]}"
                for row in database.execute("SELECT folder, name FROM pictures WHERE NOT is_gone ORDER BY folder, name")
            ),
        ]
