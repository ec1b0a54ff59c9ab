"""The limits that hold just now."""

import pytest

from core.runtime.settings.current_limits import QUOTAS, CurrentLimits, WrongLimit
from core.runtime.settings.settings import FileSettings, LimitSettings, Settings

SETTINGS = Settings(limits=LimitSettings(channel_messages=7), files=FileSettings(user_quota_bytes=8))


def test_what_is_put_holds_until_something_else_is_put() -> None:
    current, heard = CurrentLimits(SETTINGS), []
    current.follow(lambda: heard.append((current.rates.channel_messages, current.files.user_quota_bytes)))
    current.put({"channel_messages": 1})
    current.put({"user_quota_bytes": 2})
    current.put({})
    assert heard == [(1, 8), (7, 2), (7, 8)]
    assert (current.rates, current.files, current.changed) == (SETTINGS.limits, SETTINGS.files, {})


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("port", 1, "no such limit"),
        ("max_file_bytes", 1, "no such limit"),
        ("channel_messages", 0, "`int` >= 1"),
        ("channel_messages", True, "got `bool`"),
        ("enabled", 1, "got `int`"),
        ("waiting_uploads", -1, "`int` >= 0"),
    ],
)
def test_wrong_limits_change_nothing(name: str, value: int, reason: str) -> None:
    current = CurrentLimits(SETTINGS)
    with pytest.raises(WrongLimit, match=reason):
        current.put({"group_recipients": 5, name: value})
    assert (current.rates, current.changed) == (SETTINGS.limits, {})


def test_quotas_are_settings_of_files() -> None:
    assert set(QUOTAS) < set(FileSettings.__struct_fields__)
    assert not set(QUOTAS) & set(LimitSettings.__struct_fields__)
