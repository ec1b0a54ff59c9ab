"""Databases of a PostgreSQL that tests share: one for each test, copied from one that has had all migrations.

They sort texts as people do and not as bytes, which is what a server has whose operator did not ask for anything else.
"""

import asyncio
from itertools import count

import asyncpg  # type: ignore[import-untyped]  # it has no types

from core.store.sql.engine.postgres import connect_postgres
from core.store.sql.schema.migrate import migrate

_TEMPLATE = "migrated"


class PostgresDatabases:
    """The databases of one server."""

    def __init__(self, address: str) -> None:
        """`address` is that of a database which is there already."""
        self._address = address
        self._numbers = count(1)

    @classmethod
    def make(cls, address: str) -> "PostgresDatabases":
        """Make the database that is copied."""
        databases = cls(address)
        # With a factory the runner leaves the thread's event loop alone, which pytest-asyncio has set.
        with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
            runner.run(databases._make_template())
        return databases

    async def create(self) -> str:
        """Make a copy; return its address."""
        name = f"copy{next(self._numbers)}"
        await self._run(f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE}")
        return self._address_of(name)

    async def create_empty(self) -> str:
        """Make a database without tables; return its address."""
        name = f"empty{next(self._numbers)}"
        await self._run(f"CREATE DATABASE {name} TEMPLATE template0")
        return self._address_of(name)

    async def drop(self, address: str) -> None:
        """Remove a copy, with the connections to it."""
        await self._run(f"DROP DATABASE {address.rpartition('/')[2]} WITH (FORCE)")

    async def _make_template(self) -> None:
        await self._run(
            f"CREATE DATABASE {_TEMPLATE} TEMPLATE template0 ENCODING UTF8 LOCALE_PROVIDER icu ICU_LOCALE 'en-US'"
        )
        engine = connect_postgres(self._address_of(_TEMPLATE))
        await migrate(engine)
        await engine.dispose()

    async def _run(self, statement: str) -> None:
        connection = await asyncpg.connect(self._address)
        await connection.execute(statement)
        await connection.close()

    def _address_of(self, name: str) -> str:
        return f"{self._address.rpartition('/')[0]}/{name}"
