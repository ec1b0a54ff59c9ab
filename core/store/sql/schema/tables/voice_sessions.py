"""The stays in voice channels that are over."""

from sqlalchemy import BigInteger, Column, Double, Table

from core.store.sql.schema.metadata import metadata

voice_sessions = Table(
    "voice_sessions",
    metadata,
    Column("guild_id", BigInteger, primary_key=True),
    Column("began_ms", BigInteger, primary_key=True),
    Column("user_id", BigInteger, primary_key=True),
    Column("channel_id", BigInteger, nullable=False),
    Column("ended_ms", BigInteger, nullable=False, index=True),
    Column("bytes_sent", BigInteger),
    Column("bytes_received", BigInteger),
    Column("peak_loss", Double),
    Column("mean_rtt_ms", Double),
    sqlite_with_rowid=False,
)
"""A log: what it names may be deleted by now, so nothing is referred to."""
