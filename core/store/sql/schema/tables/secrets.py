"""Secrets that all processes on one database share."""

from sqlalchemy import Column, LargeBinary, Table, Text

from core.store.sql.schema.metadata import metadata

secrets = Table(
    "secrets",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", LargeBinary, nullable=False),
)
