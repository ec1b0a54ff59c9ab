"""Databases of a PostgreSQL that tests share: one for each test, copied from one that has had all migrations.

A copy takes a tenth of a second of a processor, for some hundred files. So one that is dropped is emptied instead, and
the next test gets it, unless a test has changed its schema, or rows that the migrations have made.

They sort texts as people do and not as bytes, which is what a server has whose operator did not ask for anything else.
"""

import asyncio
from itertools import count

import asyncpg  # type: ignore[import-untyped]  # it has no types

from core.store.sql.engine.postgres import connect_postgres
from core.store.sql.schema.migrate import migrate

_TEMPLATE = "migrated"
_COPY = "copy"
"""The begin of copies' names. One that was made empty is not given again: it sorts otherwise."""

_END_OTHERS = """
SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
_LIST_FILLED = """
SELECT format('%I', relname) FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> 'alembic_version'
AND pg_relation_size(oid) > 0 AND NOT format('%I', relname) = ANY($1)
"""
_DESCRIBE = """
SELECT 'revision ' || version_num FROM alembic_version
UNION ALL SELECT format('relation %s %s %s', relname, relkind, reloptions) FROM pg_class
    WHERE relnamespace = 'public'::regnamespace
UNION ALL SELECT format('column %s %s %s %s %s', relname, attname, atttypid, attnotnull, attidentity)
    FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
    WHERE relnamespace = 'public'::regnamespace AND attnum > 0
UNION ALL SELECT format('constraint %s %s', conname, pg_get_constraintdef(oid)) FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace
UNION ALL SELECT format('trigger %s', tgname) FROM pg_trigger WHERE NOT tgisinternal
UNION ALL SELECT format('function %s', proname) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
UNION ALL SELECT format('setting %s', setconfig) FROM pg_db_role_setting
"""


class PostgresDatabases:
    """The databases of one server."""

    def __init__(self, address: str) -> None:
        """`address` is that of a database which is there already."""
        self._address = address
        self._numbers = count(1)
        self._emptied: list[str] = []
        self._kept: list[str] = []
        """The tables in which migrations leave rows."""
        self._description: list[str] = []

    @classmethod
    def make(cls, address: str) -> "PostgresDatabases":
        """Make the database that is copied."""
        databases = cls(address)
        # With a factory the runner leaves the thread's event loop alone, which pytest-asyncio has set.
        with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
            runner.run(databases._make_template())
        return databases

    async def create(self) -> str:
        """Return the address of a database that is as the migrations have left it."""
        if self._emptied:
            return self._emptied.pop()
        name = f"{_COPY}{next(self._numbers)}"
        await self._run(f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE}")
        return self._address_of(name)

    async def create_empty(self) -> str:
        """Make a database without tables; return its address."""
        name = f"empty{next(self._numbers)}"
        await self._run(f"CREATE DATABASE {name} TEMPLATE template0")
        return self._address_of(name)

    async def drop(self, address: str) -> None:
        """Take a database back, with its rows and the connections to it."""
        name = address.rpartition("/")[2]
        if name.startswith(_COPY) and await self._empty(address):
            self._emptied.append(address)
        else:
            await self._run(f"DROP DATABASE {name} WITH (FORCE)")

    async def _empty(self, address: str) -> bool:
        """Remove connections and rows; return False when the database is then no copy."""
        connection = await asyncpg.connect(address)
        try:
            await connection.execute(_END_OTHERS)
            filled = [name for (name,) in await connection.fetch(_LIST_FILLED, self._kept)]
            if filled:
                await connection.execute(f"TRUNCATE {', '.join(filled)} RESTART IDENTITY CASCADE")
            return await self._describe(connection) == self._description
        except asyncpg.UndefinedTableError:
            return False
        finally:
            await connection.close()

    async def _make_template(self) -> None:
        await self._run(
            f"CREATE DATABASE {_TEMPLATE} TEMPLATE template0 ENCODING UTF8 LOCALE_PROVIDER icu ICU_LOCALE 'en-US'"
        )
        engine = connect_postgres(self._address_of(_TEMPLATE))
        await migrate(engine)
        await engine.dispose()
        connection = await asyncpg.connect(self._address_of(_TEMPLATE))
        filled = [name for (name,) in await connection.fetch(_LIST_FILLED, [])]
        self._kept = [name for name in filled if await connection.fetchval(f"SELECT EXISTS (SELECT FROM {name})")]
        self._description = await self._describe(connection)
        await connection.close()

    async def _describe(self, connection: asyncpg.Connection) -> list[str]:
        """Return what a database is besides the rows that tests have made."""
        found = sorted(line for (line,) in await connection.fetch(_DESCRIBE))
        for name in self._kept:
            rows = await connection.fetchval(
                f"SELECT md5(string_agg(each::text, ' ' ORDER BY each::text)) FROM {name} each"
            )
            found.append(f"rows of {name} {rows}")
        return found

    async def _run(self, statement: str) -> None:
        connection = await asyncpg.connect(self._address)
        await connection.execute(statement)
        await connection.close()

    def _address_of(self, name: str) -> str:
        return f"{self._address.rpartition('/')[0]}/{name}"
