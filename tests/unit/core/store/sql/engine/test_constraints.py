"""Broken unique constraints: their names as the drivers tell them, and the fields that they become."""

import sqlite3
from collections.abc import Iterator

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, UniqueConstraint, create_engine
from sqlalchemy.exc import DBAPIError, IntegrityError

from core.domain.errors import Conflict, FieldError, Invalid
from core.store.sql.engine.constraints import find_constraint, taken
from core.store.sql.engine.errors import translated
from core.store.sql.schema.all_tables import metadata

FIELD = FieldError(("name",), "TAKEN", "It is taken")


class ServerError(Exception):
    """An error as PostgreSQL's driver makes it."""

    constraint_name = "uq_pairs_one_other"


@pytest.fixture
def database() -> Iterator[sqlite3.Connection]:
    """A database with a table whose constraint has the name of the schema's convention."""
    made = MetaData(naming_convention=metadata.naming_convention)
    pairs = Table(
        "pairs", made, Column("id", Integer, primary_key=True), Column("one", Integer), Column("other", Integer)
    )
    constraint = UniqueConstraint(pairs.c.one, pairs.c.other)
    assert constraint.name == "uq_pairs_one_other"
    engine = create_engine("sqlite://")
    made.create_all(engine)
    connection = engine.raw_connection()
    assert isinstance(connection.driver_connection, sqlite3.Connection)
    connection.driver_connection.execute("INSERT INTO pairs VALUES (1, 2, 3)")
    yield connection.driver_connection
    connection.close()
    engine.dispose()


def test_constraint_of_sqlite_has_the_name_of_the_convention(database: sqlite3.Connection) -> None:
    with pytest.raises(sqlite3.IntegrityError) as raised:
        database.execute("INSERT INTO pairs VALUES (2, 2, 3)")
    assert find_constraint(raised.value) == "uq_pairs_one_other"
    assert find_constraint(IntegrityError("INSERT", None, raised.value)) == "uq_pairs_one_other"


def test_constraint_of_postgres_is_found_below_sqlalchemys_errors() -> None:
    adapted = Exception("duplicate key value")
    adapted.__cause__ = ServerError()
    for error in (ServerError(), adapted, DBAPIError(None, None, adapted), DBAPIError(None, None, ServerError())):
        assert find_constraint(error) == "uq_pairs_one_other"


def test_other_errors_have_no_constraint() -> None:
    for error in (None, sqlite3.IntegrityError("FOREIGN KEY constraint failed"), ValueError()):
        assert find_constraint(error) == ""


def test_broken_constraint_becomes_its_field(database: sqlite3.Connection) -> None:
    with pytest.raises(Invalid) as raised, taken({"uq_pairs_one_other": FIELD}), translated():
        database.execute("INSERT INTO pairs VALUES (2, 2, 3)")
    assert raised.value.fields == (FIELD,)


def test_constraint_without_a_field_stays_a_conflict(database: sqlite3.Connection) -> None:
    with pytest.raises(Conflict), taken({"uq_pairs_one_other": FIELD}), translated():
        database.execute("INSERT INTO pairs VALUES (1, 7, 8)")
