"""Secrets in the database of an embedded server, as another process of the same machine reads them beside it."""

from pathlib import Path

from sqlalchemy import create_engine, inspect, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from core.runtime.errors import StartError
from core.store.sql.schema.tables.secrets import secrets


def find_secret(path: Path, name: str) -> bytes | None:
    """Return a secret of the database file; None when it has none of that name.

    Raises:
        StartError: when it cannot be read.
    """
    engine = create_engine(f"sqlite:///file:{path.absolute()}?mode=ro&uri=true", poolclass=NullPool)
    try:
        with engine.connect() as connection:
            if not inspect(connection).has_table(secrets.name):
                return None
            found: bytes | None = connection.execute(select(secrets.c.value).where(secrets.c.name == name)).scalar()
            return found
    except DBAPIError as error:
        raise StartError(f"the database {path} cannot be read: {error.orig}") from error
    finally:
        engine.dispose()
