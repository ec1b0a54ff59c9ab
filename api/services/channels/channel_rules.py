"""The rules of a guild's channels: names, bounds by type, parents, overwrites. Pure.

Overwrites (Discord's documentation, "Edit Channel Permissions" and "Create Guild Channel"): a caller may change only
bits that it has itself, and only administrators may touch the bit that lets others manage permissions. If an overwrite
of the channel lets the caller manage its permissions, the caller may change all of them there.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sized

from core.domain import texts
from core.domain.channels.channel import VOCAL, Channel, ChannelType, Overwrite
from core.domain.errors import Forbidden, Invalid, LimitReached, invalid_field
from core.domain.guilds.permissions import ALL_PERMISSIONS, Permission

MAX_CHANNELS = 500
MAX_CHILDREN = 50
MAX_OVERWRITES = 1000
MAX_BITRATE = 96_000
MAX_VOICE_USERS = 99
MAX_STAGE_USERS = 10_000
"""Discord's bounds. The bitrate is that of a guild without boosts."""

CREATABLE = frozenset(
    {
        ChannelType.TEXT,
        ChannelType.VOICE,
        ChannelType.CATEGORY,
        ChannelType.ANNOUNCEMENT,
        ChannelType.STAGE,
        ChannelType.FORUM,
    }
)
"""The types of new channels. MEDIA is not one, as Discord's API document has no object for such a channel."""

CONVERTIBLE = frozenset({ChannelType.TEXT, ChannelType.ANNOUNCEMENT})
INVITABLE = CREATABLE - {ChannelType.CATEGORY}
_DASHED = frozenset({ChannelType.TEXT, ChannelType.ANNOUNCEMENT, ChannelType.FORUM})
_SPACES = re.compile(r"[\s-]+")


def compute_name(kind: int, name: str) -> str:
    """Return the name as it is stored: a text channel's in lower case with dashes, others without outer spaces.

    Raises:
        Invalid: when nothing is left of it, or it is too long (a text may grow in lower case).
    """
    kept = texts.CHANNEL_NAME.clean(name)
    if kind in _DASHED:
        kept = _SPACES.sub("-", kept.lower())
    return texts.CHANNEL_NAME.parse(kept, "name")


def check_kind(kind: int) -> None:
    """Raise Invalid for a type that guilds have no channels of."""
    if kind not in CREATABLE:
        choices = ", ".join(str(int(choice)) for choice in sorted(CREATABLE))
        raise invalid_field("type", "BASE_TYPE_CHOICES", f"Value must be one of {{{choices}}}.")


def check_conversion(before: int, after: int) -> None:
    """Raise Invalid when a channel cannot become one of the other type; text and announcement can."""
    if before == after:
        return
    check_kind(after)
    if before not in CONVERTIBLE or after not in CONVERTIBLE:
        raise invalid_field("type", "CHANNEL_TYPE_CONVERSION_INVALID", "Cannot convert this channel to that type")


def check_bounds(channel: Channel) -> None:
    """Raise Invalid when topic, bitrate or user limit do not fit the channel's type."""
    rule = texts.FORUM_TOPIC if channel.type == ChannelType.FORUM else texts.TOPIC
    if channel.topic is not None:
        rule.parse(channel.topic, "topic")
    if channel.type not in VOCAL:
        return
    if channel.bitrate > MAX_BITRATE:
        raise invalid_field("bitrate", "NUMBER_TYPE_MAX", f"int value should be less than or equal to {MAX_BITRATE}.")
    most = MAX_STAGE_USERS if channel.type == ChannelType.STAGE else MAX_VOICE_USERS
    if channel.user_limit > most:
        raise invalid_field("user_limit", "NUMBER_TYPE_MAX", f"int value should be less than or equal to {most}.")


def check_channel_count(channels: Sized) -> None:
    """Raise LimitReached when the guild is full."""
    if len(channels) >= MAX_CHANNELS:
        raise LimitReached(30013, f"Maximum number of server channels reached ({MAX_CHANNELS})")


def check_parent(
    kind: int, parent_id: int, channels: Mapping[int, Channel], *, child_id: int = 0, path: tuple[str | int, ...] = ()
) -> None:
    """Raise Invalid when a channel of this type cannot be in that category. `child_id` does not count as its child."""
    field = (*path, "parent_id")
    if kind == ChannelType.CATEGORY:
        raise invalid_field(field, "CHANNEL_PARENT_INVALID_TYPE", "A category cannot have a parent")
    parent = channels.get(parent_id)
    if parent is None:
        raise invalid_field(field, "CHANNEL_PARENT_INVALID", "Category does not exist")
    if parent.type != ChannelType.CATEGORY:
        raise invalid_field(field, "CHANNEL_PARENT_INVALID_TYPE", "Not a category")
    children = sum(1 for other in channels.values() if other.parent_id == parent_id and other.id != child_id)
    if children >= MAX_CHILDREN:
        raise invalid_field(
            field, "CHANNEL_PARENT_MAX_CHANNELS", f"Maximum number of channels in category reached ({MAX_CHILDREN})"
        )


def compute_next_position(kind: int, channels: Iterable[Channel]) -> int:
    """Return the position behind all channels of its kind. Categories, voice and other channels are sorted apart."""
    places = [channel.position for channel in channels if _sorting_of(channel.type) == _sorting_of(kind)]
    return max(places, default=-1) + 1


def _sorting_of(kind: int) -> int:
    if kind == ChannelType.CATEGORY:
        return 2
    return 1 if kind in VOCAL else 0


def merge_overwrites(overwrites: Iterable[Overwrite]) -> tuple[Overwrite, ...]:
    """Return one overwrite for each id (the last one), with known bits only. An allowed bit is not denied."""
    merged: dict[int, Overwrite] = {}
    for overwrite in overwrites:
        allow = overwrite.allow & ALL_PERMISSIONS
        deny = overwrite.deny & ALL_PERMISSIONS & ~allow
        merged[overwrite.id] = Overwrite(overwrite.id, overwrite.type, allow, deny)
    return tuple(merged.values())


def changed_bits(before: Iterable[Overwrite], after: Iterable[Overwrite]) -> int:
    """Return every bit that an overwrite treats otherwise than before. Targets of another type are other targets."""
    old = {(item.id, item.type): item for item in before}
    new = {(item.id, item.type): item for item in after}
    bits = 0
    for target in old.keys() | new.keys():
        one, other = old.get(target), new.get(target)
        bits |= (one.allow if one else 0) ^ (other.allow if other else 0)
        bits |= (one.deny if one else 0) ^ (other.deny if other else 0)
    return bits


def manages_by_overwrite(channel: Channel, user_id: int, role_ids: Collection[int]) -> bool:
    """Tell whether an overwrite of the channel (not the guild's roles) lets the member manage its permissions."""
    held = {*role_ids, channel.guild_id}
    return any(
        overwrite.allow & Permission.MANAGE_ROLES
        and (overwrite.id == user_id if overwrite.type == 1 else overwrite.id in held)
        for overwrite in channel.overwrites
    )


def check_grant(bits: int, *, held: int, is_free: bool = False) -> None:
    """Raise Forbidden when a caller with the permissions `held` may not change these bits of overwrites."""
    if is_free or held & Permission.ADMINISTRATOR:
        return
    if bits & (Permission.MANAGE_ROLES | ~held):
        raise Forbidden


def is_synced(channel: Channel, overwrites: Iterable[Overwrite]) -> bool:
    """Tell whether the channel has just these overwrites. Their order and empty overwrites do not matter."""
    return _telling(channel.overwrites) == _telling(overwrites)


def _telling(overwrites: Iterable[Overwrite]) -> set[Overwrite]:
    return {overwrite for overwrite in overwrites if overwrite.allow or overwrite.deny}


def check_overwrite_count(overwrites: Collection[Overwrite]) -> None:
    """Raise LimitReached when there are more than a channel may have."""
    if len(overwrites) > MAX_OVERWRITES:
        raise LimitReached(30060, f"Maximum number of channel permission overwrites reached ({MAX_OVERWRITES})")


def refuse_type(path: str) -> Invalid:
    """Return the error of a field that wants a channel of another type."""
    return invalid_field(path, "CHANNEL_TYPE_INVALID", "Channel is of the wrong type or not in this guild")
