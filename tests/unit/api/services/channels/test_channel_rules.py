"""The rules of channels."""

import pytest

from api.services.channels.channel_rules import (
    changed_bits,
    check_bounds,
    check_channel_count,
    check_conversion,
    check_grant,
    check_overwrite_count,
    check_parent,
    compute_name,
    compute_next_position,
    is_synced,
    manages_by_overwrite,
    merge_overwrites,
)
from core.domain.channels.channel import Channel, ChannelType, Overwrite
from core.domain.errors import Forbidden, Invalid, LimitReached
from core.domain.guilds.permissions import ALL_PERMISSIONS, Permission

VIEW, BAN, MANAGE = int(Permission.VIEW_CHANNEL), int(Permission.BAN_MEMBERS), int(Permission.MANAGE_ROLES)


def channel(channel_id: int, kind: int = 0, **fields: object) -> Channel:
    return Channel(id=channel_id, type=kind, guild_id=1, name="c", **fields)  # type: ignore[arg-type] # any field


@pytest.mark.parametrize(
    ("kind", "name", "kept"),
    [(0, "  Two  Words ", "two-words"), (0, "a - b", "a-b"), (5, "NEWS", "news"), (2, " Two  Words ", "Two  Words")],
)
def test_compute_name_by_type(kind: int, name: str, kept: str) -> None:
    assert compute_name(kind, name) == kept


def test_compute_name_of_spaces_is_missing() -> None:
    with pytest.raises(Invalid):
        compute_name(0, "   ")


def test_check_conversion_only_between_text_and_announcement() -> None:
    check_conversion(0, 5)
    check_conversion(2, 2)
    for before, after in ((0, 2), (4, 0), (0, 99)):
        with pytest.raises(Invalid):
            check_conversion(before, after)


@pytest.mark.parametrize(
    "wrong",
    [
        channel(1, 0, topic="x" * 1025),
        channel(1, 15, topic="x" * 4097),
        channel(1, 2, bitrate=96_001),
        channel(1, 2, user_limit=100),
        channel(1, 13, user_limit=10_001),
    ],
)
def test_check_bounds_past_them_is_invalid(wrong: Channel) -> None:
    with pytest.raises(Invalid):
        check_bounds(wrong)


def test_check_bounds_at_them_passes() -> None:
    check_bounds(channel(1, 15, topic="x" * 4096))
    check_bounds(channel(1, 13, user_limit=10_000, bitrate=96_000))
    check_bounds(channel(1, 0, user_limit=5000))


def test_check_parent_counts_children_but_not_the_child_itself() -> None:
    channels = {1: channel(1, 4)} | {number: channel(number, parent_id=1) for number in range(2, 52)}
    with pytest.raises(Invalid):
        check_parent(0, 1, channels)
    check_parent(0, 1, channels, child_id=2)
    for kind, parent_id in ((4, 1), (0, 2), (0, 99)):
        with pytest.raises(Invalid):
            check_parent(kind, parent_id, channels, child_id=2)


def test_check_counts_at_the_bound() -> None:
    check_channel_count(range(499))
    check_overwrite_count([Overwrite(n, 0, 0, 0) for n in range(1000)])
    with pytest.raises(LimitReached):
        check_channel_count(range(500))
    with pytest.raises(LimitReached):
        check_overwrite_count([Overwrite(n, 0, 0, 0) for n in range(1001)])


def test_compute_next_position_is_behind_what_sorts_together() -> None:
    channels = [channel(1, 0, position=3), channel(2, 2, position=7), channel(3, 4, position=1)]
    assert compute_next_position(ChannelType.FORUM, channels) == 4
    assert compute_next_position(ChannelType.STAGE, channels) == 8
    assert compute_next_position(ChannelType.CATEGORY, channels) == 2
    assert compute_next_position(ChannelType.TEXT, []) == 0


def test_merge_overwrites_last_counts_and_allowed_is_not_denied() -> None:
    merged = merge_overwrites([Overwrite(1, 0, 0, 1), Overwrite(1, 0, 3 | 1 << 63, 1), Overwrite(2, 1, 0, 2)])
    assert merged == (Overwrite(1, 0, 3, 0), Overwrite(2, 1, 0, 2))


def test_changed_bits_is_what_differs() -> None:
    before = [Overwrite(1, 0, VIEW, 0), Overwrite(2, 0, 0, BAN)]
    after = [Overwrite(1, 0, 0, VIEW), Overwrite(3, 1, MANAGE, 0)]
    assert changed_bits(before, before) == 0
    assert changed_bits(before, after) == VIEW | BAN | MANAGE


def test_check_grant_wants_bits_of_ones_own_unless_free() -> None:
    check_grant(VIEW, held=VIEW | MANAGE)
    check_grant(BAN | MANAGE, held=MANAGE, is_free=True)
    check_grant(MANAGE | BAN, held=ALL_PERMISSIONS)
    with pytest.raises(Forbidden):
        check_grant(BAN, held=VIEW)
    with pytest.raises(Forbidden):
        check_grant(MANAGE, held=MANAGE)


def test_manages_by_overwrite_looks_at_roles_and_the_member() -> None:
    managed = channel(1, overwrites=(Overwrite(5, 0, MANAGE, 0), Overwrite(7, 1, MANAGE, 0)))
    assert manages_by_overwrite(managed, 3, {5})
    assert manages_by_overwrite(managed, 7, set())
    assert not manages_by_overwrite(managed, 5, {7})
    assert manages_by_overwrite(channel(1, overwrites=(Overwrite(1, 0, MANAGE, 0),)), 5, {7})


def test_is_synced_minds_neither_order_nor_what_says_nothing() -> None:
    one, other = Overwrite(5, 0, VIEW, 0), Overwrite(7, 1, 0, VIEW)
    synced = channel(1, overwrites=(one, other))
    assert is_synced(synced, (other, one, Overwrite(8, 0, 0, 0)))
    assert not is_synced(synced, (one,))
    assert is_synced(channel(1), ())
