"""Column types that every dialect has, and the mapping between entities and rows.

An entity's fields and its table's columns have the same names, so a row is made by `values` and an entity by `entity`.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

import msgspec
from sqlalchemy import BigInteger, Column, Dialect, Integer, LargeBinary, Table, Text
from sqlalchemy.types import TypeDecorator
from typing_extensions import override

from core.domain.texts import compose

Snowflake = BigInteger().with_variant(Integer(), "sqlite")
"""64 bits everywhere; SQLite makes an INTEGER primary key its row id, which saves an index, and a BIGINT one not."""

WideInteger = Integer().with_variant(BigInteger(), "postgresql")
"""64 bits in a column that is not a row id. SQLite's INTEGER has them."""

BytewiseText = Text().with_variant(Text(collation="C"), "postgresql")
"""A text whose order is that of its bytes, so that an index finds prefixes. SQLite orders all texts so."""


class JsonTuple(TypeDecorator[tuple[Any, ...]]):
    """A tuple of strings, ints or array-like Structs as JSON text."""

    impl = Text
    cache_ok = True

    def __init__(self, item_type: type) -> None:
        super().__init__()
        self.item_type = item_type
        self._decoder = msgspec.json.Decoder(tuple[item_type, ...])  # type: ignore[valid-type]

    @override
    def process_bind_param(self, value: tuple[Any, ...] | None, dialect: Dialect) -> str:
        """Convert a value for the database."""
        return "[]" if not value else _encoder.encode(value).decode()

    @override
    def process_result_value(self, value: str | None, dialect: Dialect) -> tuple[Any, ...]:
        """Convert a value of the database."""
        return () if not value or value == "[]" else self._decoder.decode(value)


_encoder = msgspec.json.Encoder()


class JsonStruct(TypeDecorator[Any]):
    """A Struct as JSON text, or none."""

    impl = Text
    cache_ok = True

    def __init__(self, struct_type: type) -> None:
        super().__init__()
        self.struct_type = struct_type
        self._decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(struct_type)

    @override
    def process_bind_param(self, value: msgspec.Struct | None, dialect: Dialect) -> str | None:
        """Convert a value for the database."""
        return None if value is None else _encoder.encode(value).decode()

    @override
    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """Convert a value of the database."""
        return None if value is None else self._decoder.decode(value)


class JsonTexts(TypeDecorator[Mapping[str, str]]):
    """Texts by their names, as JSON text."""

    impl = Text
    cache_ok = True

    @override
    def process_bind_param(self, value: Mapping[str, str] | None, dialect: Dialect) -> str:
        """Convert a value for the database."""
        return _encoder.encode(value or {}).decode()

    @override
    def process_result_value(self, value: str | None, dialect: Dialect) -> Mapping[str, str]:
        """Convert a value of the database."""
        return msgspec.json.decode(value or "{}", type=dict[str, str])


class RawJson(TypeDecorator[msgspec.Raw]):
    """JSON that is stored and returned as the same bytes."""

    impl = LargeBinary
    cache_ok = True

    @override
    def process_bind_param(self, value: msgspec.Raw | None, dialect: Dialect) -> bytes:
        """Convert a value for the database."""
        return b"" if value is None else bytes(value)

    @override
    def process_result_value(self, value: bytes | None, dialect: Dialect) -> msgspec.Raw:
        """Convert a value of the database."""
        return msgspec.Raw(value or b"[]")


class ZeroAsNull(TypeDecorator[int]):
    """An id of which 0 means none: NULL in the database, where foreign keys let it pass."""

    impl = BigInteger
    cache_ok = True

    @override
    def process_bind_param(self, value: int | None, dialect: Dialect) -> int | None:
        """Convert a value for the database."""
        return value or None

    @override
    def process_result_value(self, value: int | None, dialect: Dialect) -> int:
        """Convert a value of the database."""
        return value or 0


S = TypeVar("S", bound=msgspec.Struct)


class EntityMap(Generic[S]):
    """The columns of a Struct's fields, in the order of the fields."""

    __slots__ = ("_make", "_make_with", "_names", "columns")

    def __init__(self, entity_type: type[S], table: Table, *, without: Sequence[str] = ()) -> None:
        self._names = tuple(name for name in entity_type.__struct_fields__ if name not in without)
        self._make = _maker(entity_type, self._names)
        self._make_with = _maker(entity_type, self._names, beside=without)
        self.columns: tuple[Column[Any], ...] = tuple(table.c[name] for name in self._names)

    def entity(self, row: Sequence[Any], start: int = 0) -> S:
        """Return the entity whose columns stand in the row from `start` on."""
        return self._make(row, start)

    def entity_with(self, row: Sequence[Any], start: int, **fields: Any) -> S:
        """Return the entity of a row, with all the fields that are stored elsewhere."""
        return self._make_with(row, start, **fields)

    def values(self, entity: S) -> dict[str, Any]:
        """Return the column values, keyed by name."""
        return {name: getattr(entity, name) for name in self._names}


def _maker(entity_type: type[S], names: Sequence[str], *, beside: Sequence[str] = ()) -> Callable[..., S]:
    """Return a function of a row, a start and the fields `beside`, which are named.

    It is the call with each argument written out, since a login reads thousands of rows: that takes 0.2 µs for ten
    fields, and a dict of them 1.3 µs.
    """
    parameters = ", ".join(["row", "start", *(["*", *beside] if beside else [])])
    from_row = [f"{name}=row[start + {place}]" for place, name in enumerate(names)]
    arguments = ", ".join([*from_row, *(f"{name}={name}" for name in beside)])
    # The text is made of the names of an entity's fields alone.
    make: Callable[..., S] = eval(f"lambda {parameters}: make({arguments})", {"make": entity_type})  # noqa: S307
    return make


def fold(text: str | None) -> str | None:
    """Fold a name for comparison: composed, as it is stored, and without case, which databases fold in ASCII only."""
    return None if text is None else compose(text).casefold()


def folded(changes: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """Return the changes, with `<name>_fold` beside each of their names."""
    values = dict(changes)
    for name in names:
        if name in changes:
            values[f"{name}_fold"] = fold(changes[name])
    return values
