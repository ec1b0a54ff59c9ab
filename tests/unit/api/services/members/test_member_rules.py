"""The changes of a member that a caller may make: the parts that need no guild."""

import datetime as dt

import pytest
from msgspec import UNSET

from api.services.members.member_rules import MAX_TIMEOUT_MS, compute_timeout_ms
from api.services.members.prune import parse_role_ids
from core.domain.errors import Invalid

NOW_MS = 1_800_000_000_000


def moment(unix_ms: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(unix_ms / 1000, dt.UTC)


@pytest.mark.parametrize(
    "until", [None, UNSET, moment(NOW_MS), moment(NOW_MS - 1000), dt.datetime(1, 1, 1, tzinfo=dt.UTC)]
)
def test_compute_timeout_over_or_absent_is_none(until: dt.datetime | None) -> None:
    assert compute_timeout_ms(until, NOW_MS) == 0


def test_compute_timeout_is_in_milliseconds() -> None:
    assert compute_timeout_ms(moment(NOW_MS + 60_000), NOW_MS) == NOW_MS + 60_000


def test_compute_timeout_ends_at_most_28_days_away() -> None:
    assert compute_timeout_ms(moment(NOW_MS + MAX_TIMEOUT_MS), NOW_MS) == NOW_MS + MAX_TIMEOUT_MS
    for until in (moment(NOW_MS + MAX_TIMEOUT_MS + 1000), dt.datetime.max.replace(tzinfo=dt.UTC)):
        with pytest.raises(Invalid):
            compute_timeout_ms(until, NOW_MS)


@pytest.mark.parametrize(
    ("given", "parsed"), [(None, []), ("", []), ("1,2, 3", [1, 2, 3]), (",", []), ([4, 5], [4, 5])]
)
def test_parse_role_ids_takes_lists_and_commas(given: list[int] | str | None, parsed: list[int]) -> None:
    assert parse_role_ids(given) == parsed


@pytest.mark.parametrize("given", ["x", "1;2", "-1", "9" * 20, str(1 << 63), "²", ",".join(["1"] * 101)])
def test_parse_role_ids_nonsense_is_invalid(given: str) -> None:
    with pytest.raises(Invalid):
        parse_role_ids(given)
