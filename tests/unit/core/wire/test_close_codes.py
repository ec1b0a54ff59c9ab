"""Close codes as Discord's documentation and client libraries have them."""

import pytest

from core.wire import close_codes
from core.wire.close_codes import CloseCode

ALL = {name: value for name, value in vars(close_codes).items() if isinstance(value, CloseCode)}


@pytest.mark.parametrize("name", ALL)
def test_close_code_fits_a_close_frame(name: str) -> None:
    close_code = ALL[name]
    assert 0 < len(close_code.reason.encode()) <= 123
    # RFC 6455 section 7.4: these are never sent.
    assert close_code.code not in {1004, 1005, 1006, 1015}
    assert 1000 <= close_code.code < 5000


def test_discords_codes_are_all_there() -> None:
    assert {4000, 4001, 4002, 4003, 4004, 4005, 4007, 4008, 4009, 4010, 4011, 4012, 4013, 4014} <= {
        close_code.code for close_code in ALL.values()
    }


def test_fatal_codes_are_discords() -> None:
    assert {close_code.code for close_code in ALL.values() if not close_code.may_reconnect} == {
        4004,
        4010,
        4011,
        4012,
        4013,
        4014,
    }


def test_what_may_be_resumed_may_be_reconnected() -> None:
    assert all(close_code.may_reconnect for close_code in ALL.values() if close_code.may_resume)
