"""The presence command: op 3 and Identify's `presence` as types, and their readings."""

from typing import Final

from msgspec import Struct

from gateway.commands.activity import Activity, read_activities, read_activity
from gateway.commands.readings import Record, flag, number

STATUSES: Final = frozenset({"online", "idle", "dnd", "invisible", "offline"})


class PresenceUpdate(Struct, kw_only=True, frozen=True):
    """Op 3, and Identify's `presence`."""

    status: str | None = None
    """The status, one of `STATUSES`; None when the client does not know it, which is online."""
    since: float | None = None
    """When the client's user went away, in ms. Nobody is told: a client that is idle says so in `status`."""
    afk: bool | None = None
    """Whether the user is away from this client, so that its others are to notify."""
    activities: list[Activity] | None = None
    game: Activity | None = None
    """The activity in the older shape, which has only one."""

    @property
    def all_activities(self) -> list[Activity]:
        """The activities, from either field."""
        if self.activities is not None:
            return self.activities
        return [self.game] if self.game is not None else []


def _status(value: object) -> str | None:
    """Read a status. "unknown", which people's clients send before they know it, and "" are None: online."""
    status = value.strip().lower() if isinstance(value, str) else ""
    return status if status in STATUSES else None


read_presence: Final = Record(
    PresenceUpdate, status=_status, since=number, afk=flag, activities=read_activities, game=read_activity
)
