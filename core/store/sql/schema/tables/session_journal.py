"""What a gateway has written of its sessions (`core.store.aggregates.session_journal`)."""

from sqlalchemy import BigInteger, Boolean, Column, Integer, LargeBinary, Table, Text

from core.store.sql.schema.metadata import metadata

session_records = Table(
    "session_records",
    metadata,
    Column("session_id", Text, primary_key=True),
    Column("user_id", BigInteger, nullable=False),
    Column("token_hash", LargeBinary, nullable=False),
    Column("holder", Text, nullable=False),
    Column("incarnation", Text, nullable=False),
    Column("place", Integer, nullable=False),
    Column("first_cut", BigInteger, nullable=False),
    Column("detached_ms", BigInteger, nullable=False),
    Column("facts", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
"""The sessions that a gateway has, or had when it ended; `core.store.aggregates.session_journal` has the words."""

session_cuts = Table(
    "session_cuts",
    metadata,
    Column("incarnation", Text, primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("taken_ms", BigInteger, nullable=False),
    Column("is_whole", Boolean, nullable=False),
    Column("positions", LargeBinary, nullable=False),
    Column("seqs", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
"""The cuts of each incarnation of a gateway. `positions` is a map in MessagePack."""
