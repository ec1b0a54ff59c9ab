"""Stage instances."""

from sqlalchemy import delete, select

from core.domain.guilds.stage_instance import StageInstance
from core.store.sql.engine.connection import Executor
from core.store.sql.engine.dialect import Dialect
from core.store.sql.schema.columns import EntityMap
from core.store.sql.schema.tables.stage_instances import stage_instances

STAGE_INSTANCE = EntityMap(StageInstance, stage_instances)


class SqlStageInstances:
    """The `StageInstanceWriter` on SQL; the store shows its reading half."""

    __slots__ = ("_db", "_dialect")

    def __init__(self, db: Executor, dialect: Dialect) -> None:
        self._db = db
        self._dialect = dialect

    async def find(self, channel_id: int) -> StageInstance | None:
        statement = select(*STAGE_INSTANCE.columns).where(stage_instances.c.channel_id == channel_id)
        row = await self._db.fetch_one(statement)
        return None if row is None else STAGE_INSTANCE.entity(row)

    async def put(self, stage: StageInstance) -> None:
        values = STAGE_INSTANCE.values(stage)
        statement = self._dialect.insert(stage_instances).values(values)
        await self._db.execute(statement.on_conflict_do_update(index_elements=["channel_id"], set_=values))

    async def remove(self, channel_id: int) -> StageInstance | None:
        statement = delete(stage_instances).where(stage_instances.c.channel_id == channel_id)
        row = await self._db.fetch_one(statement.returning(*STAGE_INSTANCE.columns))
        return None if row is None else STAGE_INSTANCE.entity(row)
