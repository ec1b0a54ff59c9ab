"""Activities in a presence as types, and their readings.

An activity goes out again to other clients, whose typed libraries fail at a value of another type. So it has a name
and fields of the types in Discord's documentation ("Activity Object"), or it is dropped. What would let others act
for the user (`secrets`) is not passed on.
"""

from typing import Any, Final

import msgspec
from msgspec import Struct

from gateway.commands.readings import MAX_EXACT, Record, flag, identifier, integer, list_of, mapping, words

MAX_ACTIVITIES: Final = 16
"""The most activities of one presence: more than anybody has."""
MAX_TYPE: Final = 6
"""The highest type of activity that Discord has."""
CUSTOM: Final = 4
"""The type of a custom status."""
MAX_WORDS: Final = 128
_MAX_URL: Final = 512
_MAX_FLAGS: Final = (1 << 31) - 1
_MAX_EMOJI: Final = 64
_MAX_IMAGE: Final = 313
"""The longest key of an image: a proxied address."""
_MAX_BUTTONS: Final = 2
_MAX_LABEL: Final = 32
_MAX_PLATFORM: Final = 32
_MAX_DISPLAY: Final = 2
_CUSTOM_NAME: Final = "Custom Status"


class Emoji(Struct, kw_only=True, frozen=True):
    """The emoji of a custom status."""

    name: str = ""
    id: int | None = None
    animated: bool | None = None


class Assets(Struct, kw_only=True, frozen=True):
    """The images of an activity, and the texts beside them."""

    large_image: str | None = None
    large_text: str | None = None
    large_url: str | None = None
    small_image: str | None = None
    small_text: str | None = None
    small_url: str | None = None


class Party(Struct, kw_only=True, frozen=True):
    """The group that plays together. `size` is how many there are and how many there can be."""

    id: str | None = None
    size: list[int] | None = None


class Activity(Struct, kw_only=True, frozen=True):
    """An activity of a user. Fields that are not passed on are dropped."""

    name: str = ""
    type: int = 0
    url: str | None = None
    state: str | None = None
    state_url: str | None = None
    details: str | None = None
    details_url: str | None = None
    timestamps: dict[str, int] | None = None
    """The `start`, the `end` or both, in ms."""
    application_id: int | None = None
    emoji: Emoji | None = None
    assets: Assets | None = None
    party: Party | None = None
    buttons: list[str] | None = None
    """The labels. Where a button leads is asked elsewhere."""
    instance: bool | None = None
    platform: str | None = None
    session_id: str | None = None
    sync_id: str | None = None
    status_display_type: int | None = None
    flags: int | None = None


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


def _assets(value: object) -> Assets | None:
    assets = _ASSETS(value)
    return None if assets == Assets() else assets


def _party(value: object) -> Party | None:
    party = _PARTY(value)
    return None if party == Party() else party


def _size(value: object) -> list[int] | None:
    """Read the size of a party: two numbers, of which the second is not less."""
    found = _SIZES(value)
    is_size = found is not None and isinstance(value, list | tuple) and len(value) == len(found) == 2
    return found if is_size and found is not None and found[0] <= found[1] else None


def _buttons(value: object) -> list[str] | None:
    found = _LABELS(value)
    return found[:_MAX_BUTTONS] if found else None


def _label(value: object) -> str | None:
    """Read a button: its label, or the object that a program gives its client."""
    return words(_MAX_LABEL)(value.get("label") if isinstance(value, dict) else value)


def read_activity(value: object) -> Activity | None:
    """Read an activity. One without a name is dropped, except a custom status with a state or an emoji."""
    activity = _ACTIVITY(value)
    if activity is None or activity.name:
        return activity
    if activity.type == CUSTOM and (activity.state or activity.emoji):
        return msgspec.structs.replace(activity, name=_CUSTOM_NAME)
    return None


def read_activities(value: object) -> list[Activity] | None:
    """Read a list of activities, or a single one that is not in a list."""
    found = list_of(read_activity)([value] if isinstance(value, dict) else value)
    return None if found is None else found[:MAX_ACTIVITIES]


def custom_status(settings: dict[str, Any]) -> Activity | None:
    """Return the activity of a custom status as the settings have it (`text`, `emoji_name`, `emoji_id`)."""
    emoji = {"name": settings.get("emoji_name"), "id": settings.get("emoji_id")}
    return read_activity({"type": CUSTOM, "state": settings.get("text"), "emoji": emoji})


_SIZES: Final = list_of(integer(0, _MAX_FLAGS))
_LABELS: Final = list_of(_label)
_EMOJI: Final = Record(Emoji, name=words(_MAX_EMOJI), id=identifier, animated=flag)
_ASSETS: Final = Record(
    Assets,
    large_image=words(_MAX_IMAGE),
    large_text=words(MAX_WORDS),
    large_url=_url,
    small_image=words(_MAX_IMAGE),
    small_text=words(MAX_WORDS),
    small_url=_url,
)
_PARTY: Final = Record(Party, id=words(MAX_WORDS), size=_size)
_ACTIVITY: Final = Record(
    Activity,
    name=words(MAX_WORDS),
    type=integer(0, MAX_TYPE),
    url=_url,
    state=words(MAX_WORDS),
    state_url=_url,
    details=words(MAX_WORDS),
    details_url=_url,
    timestamps=_timestamps,
    application_id=identifier,
    emoji=_emoji,
    assets=_assets,
    party=_party,
    buttons=_buttons,
    instance=flag,
    platform=words(_MAX_PLATFORM),
    session_id=words(MAX_WORDS),
    sync_id=words(MAX_WORDS),
    status_display_type=integer(0, _MAX_DISPLAY),
    flags=integer(1, _MAX_FLAGS),
)
