"""The places of a list in a compiled statement."""

import sqlite3

import pytest
from sqlalchemy import column, select, table

from core.store.sql.engine.dialect import SQLITE
from core.store.sql.engine.places import Places
from core.store.sql.engine.query import CompiledQuery, Query

NUMBERS = table("numbers", column("number"))
PLACES = Places("number", 3)
COMPILED = CompiledQuery(
    Query(select(NUMBERS.c.number).where(NUMBERS.c.number.in_(PLACES.parameters))), SQLITE.compiler
)


@pytest.mark.parametrize("wanted", [[], [2], [2, 4], [1, 2, 3], [2, 2, 9]])
def test_free_places_equal_nothing(wanted: list[int]) -> None:
    step = COMPILED.step(PLACES.bind(wanted))
    with sqlite3.connect(":memory:") as db:
        db.execute("CREATE TABLE numbers (number INTEGER)")
        db.executemany("INSERT INTO numbers VALUES (?)", [(None,), (1,), (2,), (3,), (4,)])
        rows = db.execute(step.sql, step.parameters).fetchall()
    db.close()
    assert [row[0] for row in rows] == [number for number in range(1, 5) if number in wanted]


def test_value_without_a_place_is_a_fault() -> None:
    with pytest.raises(ValueError, match="4 values for 3 places"):
        PLACES.bind([1, 2, 3, 4])
