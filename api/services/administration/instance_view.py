"""What instance staff sees of the whole server: its log and its limits."""

import msgspec

from api.services.members.membership import MAX_GUILDS
from core.runtime.settings.settings import Settings
from core.store.aggregates.instance.instance_log import InstanceLogReader
from core.wire.objects.administration import LimitsObject, LogEntryObject, render_entry


class InstanceView:
    """Reads the log and the limits."""

    __slots__ = ("_log", "_settings")

    def __init__(self, *, log: InstanceLogReader, settings: Settings) -> None:
        self._log = log
        self._settings = settings

    async def list_log(
        self, *, before: int | None, limit: int, actor_id: int | None, target: str | None
    ) -> list[LogEntryObject]:
        """List entries, newest first."""
        found = await self._log.list_page(before=before, limit=limit, actor_id=actor_id, target=target)
        return [render_entry(entry) for entry in found]

    def list_limits(self) -> LimitsObject:
        """Return the limits that the settings of this process say."""
        files = msgspec.structs.asdict(self._settings.files)
        return LimitsObject(
            rates=msgspec.structs.asdict(self._settings.limits),
            files={name: value for name, value in files.items() if isinstance(value, int | float)},
            guilds_per_user=MAX_GUILDS,
            sessions_per_user=self._settings.limits.sessions_per_user,
        )
