"""The limits of the instance that staff has set, as one value among the settings of the instance."""

from collections.abc import Mapping
from typing import Final

import msgspec
from sqlalchemy import delete, insert, select

from core.store.sql.engine.connection import Executor
from core.store.sql.schema.tables.instance import instance_settings

_NAME: Final = "limits"

_encode = msgspec.json.Encoder(order="sorted").encode
_decode = msgspec.json.Decoder(dict[str, bool | int | float]).decode


class SqlLimits:
    """The `LimitWriter` on SQL; the store shows its reading half."""

    __slots__ = ("_db",)

    def __init__(self, db: Executor) -> None:
        self._db = db

    async def find_set(self) -> Mapping[str, bool | int | float]:
        statement = select(instance_settings.c.value).where(instance_settings.c.name == _NAME)
        row = await self._db.fetch_one(statement)
        return {} if row is None else _decode(row[0])

    async def put(self, limits: Mapping[str, bool | int | float]) -> None:
        await self._db.execute(delete(instance_settings).where(instance_settings.c.name == _NAME))
        if limits:
            await self._db.execute(insert(instance_settings), {"name": _NAME, "value": _encode(limits).decode()})
