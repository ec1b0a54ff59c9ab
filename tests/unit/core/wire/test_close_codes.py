"""Close codes are those that client libraries know, and mean to them what they mean to us."""

import warnings
from types import SimpleNamespace
from typing import Any

import pytest
from hikari.errors import ShardCloseCode

from core.wire import close_codes
from core.wire.close_codes import CloseCode

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # discord.py imports audioop
    from discord.gateway import DiscordWebSocket

ALL = {name: value for name, value in vars(close_codes).items() if isinstance(value, CloseCode)}


@pytest.mark.parametrize("name", ALL)
def test_close_code_fits_a_close_frame(name: str) -> None:
    close_code = ALL[name]
    assert 0 < len(close_code.reason.encode()) <= 123
    # RFC 6455 section 7.4: these are never sent.
    assert close_code.code not in {1004, 1005, 1006, 1015}
    assert 1000 <= close_code.code < 5000


def test_discords_codes_are_those_that_hikari_knows() -> None:
    known = {int(each) for each in ShardCloseCode if each >= 4000}
    assert len(known) == 14
    assert {close_code.code for close_code in ALL.values() if close_code.code >= 4000} == known


@pytest.mark.parametrize("name", ALL)
def test_discord_py_comes_back_exactly_after_what_may_be_reconnected(name: str) -> None:
    closed: Any = SimpleNamespace(_close_code=None, socket=SimpleNamespace(close_code=ALL[name].code))
    assert DiscordWebSocket._can_handle_close(closed) is ALL[name].may_reconnect


def test_fatal_codes_are_discords() -> None:
    fatal = {close_code.code for close_code in ALL.values() if not close_code.may_reconnect}
    assert fatal == {4004, 4010, 4011, 4012, 4013, 4014}


def test_what_may_be_resumed_may_be_reconnected() -> None:
    resumable = [close_code for close_code in ALL.values() if close_code.may_resume]
    assert resumable
    assert all(close_code.may_reconnect for close_code in resumable)
