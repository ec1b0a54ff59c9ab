"""What a PostgreSQL says of itself, for whoever checks that a cluster can rely on it."""

from typing import Final

import msgspec
from sqlalchemy import text

from core.store.sql.engine.errors import translated
from core.store.sql.engine.postgres import connect_postgres

_WANTED: Final = (
    *("server_version", "server_version_num", "server_encoding", "fsync", "full_page_writes", "max_connections"),
    "synchronous_commit",
)
_SETTINGS: Final = text("SELECT name, setting FROM pg_settings WHERE name = ANY(:names)")
_NOW: Final = text("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint")


class PostgresFacts(msgspec.Struct, kw_only=True, frozen=True):
    """A server's clock in Unix milliseconds, and its settings as our sessions have them."""

    now_ms: int
    settings: dict[str, str]


async def read_postgres_facts(url: str) -> PostgresFacts:
    """Ask a server. Raises Unavailable."""
    engine = connect_postgres(url)
    try:
        with translated():
            async with engine.connect() as connection:
                rows = await connection.execute(_SETTINGS, {"names": list(_WANTED)})
                settings = {row.name: row.setting for row in rows}
                now_ms = (await connection.execute(_NOW)).scalar_one()
        return PostgresFacts(now_ms=now_ms, settings=settings)
    finally:
        await engine.dispose()
