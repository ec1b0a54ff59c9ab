"""PostgreSQL, through asyncpg: the second dialect (`core.store.sql.engine.dialect`).

Statements go to the driver with positional parameters (`$1`) in PostgreSQL's binary format. asyncpg keeps a prepared
statement for each text, so a statement is one trip from its second use on; a trip is a loop turn and no thread.

asyncpg cancels a statement on the server when its caller is cancelled, and with it the transaction. So whoever calls
the functions here does so in a task that is not cancelled (`run_to_end`).

A session that stands still must not hold others up: the server ends one that waits for a lock, or that holds a
transaction open without a statement, for longer than `_LOCK_WAIT_S`. A process that was paused in a unit of work has
lost it when it goes on.
"""

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import asyncpg  # type: ignore[import-untyped]  # it has no types
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from core.store.sql.engine.dialect import Dialect
from core.store.sql.engine.sqlite_driver import Step, StepRows

_CONNECT_TIMEOUT_S: Final = 5.0
_LOCK_WAIT_S: Final = 5
_STATEMENT_S: Final = 10
"""The longest statement. The slowest of a large guild takes a second."""
_ANSWER_S: Final = 12.0
"""The wait for an answer, beyond `_STATEMENT_S`, for a server or a network that says nothing any more."""
_CACHED_STATEMENTS: Final = 512
"""The most prepared statements of a connection, as in SQLite."""

_SESSION: Final = {
    "application_name": "guildway",
    "default_transaction_isolation": "read committed",
    # An acknowledged commit has reached the disk, whatever the server's default is.
    "synchronous_commit": "on",
    # Compiling a plan costs more than any of our statements takes.
    "jit": "off",
}
_LIMITS: Final = {
    "lock_timeout": f"{_LOCK_WAIT_S}s",
    "idle_in_transaction_session_timeout": f"{_LOCK_WAIT_S}s",
    "statement_timeout": f"{_STATEMENT_S}s",
}


_DRIVER_ERRORS: Final = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)


class RolledBackAtCommit(Exception):
    """PostgreSQL has answered COMMIT with a rollback, because a statement before it had failed."""


def connect_postgres(location: str, *, is_patient: bool = False) -> AsyncEngine:
    """Make the engine of a database at a URL. `is_patient` lets statements take their time, as migrations must."""
    url = make_url(location).set(drivername="postgresql+asyncpg")
    session = _SESSION if is_patient else {**_SESSION, **_LIMITS}
    # As on SQLite, the store keeps its connections itself and sends BEGIN and COMMIT itself.
    return create_async_engine(
        url,
        poolclass=NullPool,
        isolation_level="AUTOCOMMIT",
        query_cache_size=2000,
        connect_args={
            "server_settings": session,
            "timeout": _CONNECT_TIMEOUT_S,
            "command_timeout": None if is_patient else _ANSWER_S,
            "statement_cache_size": _CACHED_STATEMENTS,
            "prepared_statement_cache_size": _CACHED_STATEMENTS,
        },
    )


async def run_script(connection: Any, script: str) -> None:
    """Run several statements without parameters in one trip. The first error ends it."""
    with _as_database_errors(connection):
        await connection.execute(script)


async def _run_steps(connection: Any, steps: Sequence[Step]) -> list[StepRows]:
    with _as_database_errors(connection):
        return [await connection.fetch(step.sql, *step.parameters) for step in steps]


async def _run_last_steps(connection: Any, steps: Sequence[Step]) -> Exception | None:
    await _run_steps(connection, steps)
    try:
        status = await connection.execute("COMMIT")
    except (*_DRIVER_ERRORS, OSError) as error:
        return _end_lost(connection, error)
    return None if status == "COMMIT" else RolledBackAtCommit(f"the server answered {status} to COMMIT")


async def _read_steps(connection: Any, steps: Sequence[Step]) -> list[StepRows]:
    """Run statements as of one instant. READ COMMITTED would show each statement another one."""
    await run_script(connection, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    try:
        return await _run_steps(connection, steps)
    finally:
        with contextlib.suppress(DBAPIError, OSError):  # the connection is lost, and its transaction with it
            await run_script(connection, "ROLLBACK")


@contextlib.contextmanager
def _as_database_errors(connection: Any) -> Iterator[None]:
    """Give the driver's errors the class that SQLAlchemy gives them, so that both ways have one translation."""
    try:
        yield
    except _DRIVER_ERRORS as error:
        raise DBAPIError(None, None, _end_lost(connection, error)) from error


def _end_lost(connection: Any, error: Exception) -> Exception:
    """End a connection whose server has said goodbye while nothing was asked, and return what that means.

    The driver raises `InternalClientError` then, for whatever is asked next, until it has read the end of the stream.
    Until then it says that the connection is open, so it would be lent again.
    """
    if not isinstance(error, asyncpg.InternalClientError):
        return error
    connection.terminate()
    return ConnectionResetError("the server has ended the connection")


def _has_no_file(location: str) -> Path | None:  # noqa: ARG001 - the interface's
    return None


POSTGRES: Final = Dialect(
    name="postgresql",
    begin_write="BEGIN",
    insert=postgres_insert,
    connect=connect_postgres,
    find_file=_has_no_file,
    compiler=PGDialect_asyncpg(),  # type: ignore[no-untyped-call]
    run_steps=_run_steps,
    run_last_steps=_run_last_steps,
    read_steps=_read_steps,
    stops_when_cancelled=True,
)
