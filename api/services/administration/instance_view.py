"""What instance staff sees of the whole server: its log."""

from core.store.aggregates.instance.instance_log import InstanceLogReader
from core.wire.objects.administration import LogEntryObject, render_entry


class InstanceView:
    """Reads the log."""

    __slots__ = ("_log",)

    def __init__(self, *, log: InstanceLogReader) -> None:
        self._log = log

    async def list_log(
        self, *, before: int | None, limit: int, actor_id: int | None, target: str | None
    ) -> list[LogEntryObject]:
        """List entries, newest first."""
        found = await self._log.list_page(before=before, limit=limit, actor_id=actor_id, target=target)
        return [render_entry(entry) for entry in found]
