"""The instance's log, which only grows."""

from typing import Protocol

from core.domain.instance.instance_log import InstanceLogEntry


class InstanceLogReader(Protocol):
    async def list_page(
        self, *, before: int | None = None, limit: int, actor_id: int | None = None, target: str | None = None
    ) -> list[InstanceLogEntry]:
        """List entries, newest first: those before an id, of one member of staff, about one target."""


class InstanceLogWriter(InstanceLogReader, Protocol):
    async def append(self, entry: InstanceLogEntry) -> None: ...
