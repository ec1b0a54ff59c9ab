"""Who is in which voice channel."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Table, Text, false

from core.store.sql.schema.metadata import metadata

voice_states = Table(
    "voice_states",
    metadata,
    Column("guild_id", BigInteger, primary_key=True),
    Column("user_id", BigInteger, primary_key=True),
    Column("channel_id", BigInteger, ForeignKey("channels.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("session_id", Text, nullable=False),
    Column("self_mute", Boolean, nullable=False),
    Column("self_deaf", Boolean, nullable=False),
    Column("self_video", Boolean, nullable=False),
    Column("suppress", Boolean, nullable=False),
    Column("request_to_speak_ms", BigInteger, nullable=False),
    Column("was_moved", Boolean, nullable=False),
    Column("self_stream", Boolean, nullable=False, server_default=false()),
    sqlite_with_rowid=False,
)
"""A member who leaves takes the voice state along in the same unit of work, with its event; so no foreign key does."""
