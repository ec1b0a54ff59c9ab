"""The presence command: op 3 and Identify's `presence` as types, and their readings.

The result goes out again to other clients, whose typed libraries fail at a value of another type. So an activity has a
name and fields of the types in Discord's documentation, or it is dropped.
"""

from typing import Final

import msgspec
from msgspec import Struct

from gateway.commands.readings import MAX_EXACT, Record, flag, identifier, integer, list_of, mapping, number, words

STATUSES: Final = frozenset({"online", "idle", "dnd", "invisible", "offline"})
MAX_ACTIVITIES: Final = 16
"""The most activities of one presence: more than anybody has."""
MAX_TYPE: Final = 6
"""The highest type of activity that Discord has."""
CUSTOM: Final = 4
_MAX_WORDS: Final = 128
_MAX_URL: Final = 512
_MAX_FLAGS: Final = (1 << 31) - 1
_MAX_EMOJI: Final = 64
_CUSTOM_NAME: Final = "Custom Status"


class Emoji(Struct, kw_only=True, frozen=True):
    """The emoji of a custom status."""

    name: str = ""
    id: int | None = None
    animated: bool | None = None


class Activity(Struct, kw_only=True, frozen=True):
    """An activity of a user. Fields that are not passed on are dropped."""

    name: str = ""
    type: int = 0
    url: str | None = None
    state: str | None = None
    details: str | None = None
    timestamps: dict[str, int] | None = None
    """The `start`, the `end` or both, in ms."""
    application_id: int | None = None
    emoji: Emoji | None = None
    flags: int | None = None


class PresenceUpdate(Struct, kw_only=True, frozen=True):
    """Op 3, and Identify's `presence`."""

    status: str | None = None
    """The status, one of `STATUSES`; None is online."""
    since: float | None = None
    afk: bool | None = None
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


def _url(value: object) -> str | None:
    found = words(_MAX_URL + 1)(value)
    is_address = found is not None and len(found) <= _MAX_URL and found.lower().startswith(("https://", "http://"))
    return found if is_address else None


def _timestamps(value: object) -> dict[str, int] | None:
    """Read timestamps. 0 is a library's empty field."""
    given = mapping(value) or {}
    meant = {name: integer(1, MAX_EXACT)(given.get(name)) for name in ("start", "end")}
    return {name: at_ms for name, at_ms in meant.items() if at_ms is not None} or None


def _emoji(value: object) -> Emoji | None:
    emoji = _EMOJI(value)
    return emoji if emoji is not None and emoji.name else None


def _activity(value: object) -> Activity | None:
    """Read an activity. One without a name is dropped, except a custom status with a state or an emoji."""
    activity = _ACTIVITY(value)
    if activity is None or activity.name:
        return activity
    if activity.type == CUSTOM and (activity.state or activity.emoji):
        return msgspec.structs.replace(activity, name=_CUSTOM_NAME)
    return None


def _activities(value: object) -> list[Activity] | None:
    found = list_of(_activity)([value] if isinstance(value, dict) else value)
    return None if found is None else found[:MAX_ACTIVITIES]


_EMOJI: Final = Record(Emoji, name=words(_MAX_EMOJI), id=identifier, animated=flag)
_ACTIVITY: Final = Record(
    Activity,
    name=words(_MAX_WORDS),
    type=integer(0, MAX_TYPE),
    url=_url,
    state=words(_MAX_WORDS),
    details=words(_MAX_WORDS),
    timestamps=_timestamps,
    application_id=identifier,
    emoji=_emoji,
    flags=integer(1, _MAX_FLAGS),
)
read_presence: Final = Record(
    PresenceUpdate, status=_status, since=number, afk=flag, activities=_activities, game=_activity
)
