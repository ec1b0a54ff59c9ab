"""The status in people's settings as protobuf, read into the older form."""

import struct

import pytest

from core.domain.settings_proto import BadProto
from core.domain.status_settings import expiry_ms, find_status


def field(number: int, value: bytes) -> bytes:
    assert len(value) < 128
    return bytes((number << 3 | 2, len(value))) + value


def fixed(number: int, value: int) -> bytes:
    return bytes((number << 3 | 1,)) + struct.pack("<Q", value)


def test_status_and_custom_status_are_found() -> None:
    custom = field(1, b"at sea") + fixed(2, 77) + field(3, "\N{SAILBOAT}".encode()) + fixed(4, 1_700_000_000_000)
    found = find_status(field(12, b"") + field(11, field(1, field(1, b"dnd")) + field(2, custom)))
    assert found == {
        "status": "dnd",
        "custom_status": {
            "text": "at sea",
            "emoji_id": "77",
            "emoji_name": "\N{SAILBOAT}",
            "expires_at": "2023-11-14T22:13:20+00:00",
        },
    }
    assert expiry_ms(found["custom_status"]) == 1_700_000_000_000


def test_settings_without_a_status_say_nothing_and_an_empty_custom_status_is_none() -> None:
    assert find_status(field(12, b"")) == {}
    assert find_status(field(11, field(1, field(1, b"idle")))) == {"status": "idle", "custom_status": None}


@pytest.mark.parametrize("status", [b"", b"away", b"\xff\xfe", b"offline"])
def test_status_that_is_none_is_left_as_it_was(status: bytes) -> None:
    assert "status" not in find_status(field(11, field(1, field(1, status))))


@pytest.mark.parametrize("inner", [b"\xff", field(2, b"\xff\xff"), field(1, b"\x0a\x7f"), field(2, fixed(4, 1 << 63))])
def test_inner_bytes_of_a_client_are_its_own_business(inner: bytes) -> None:
    custom = find_status(field(11, inner))["custom_status"]
    assert custom is None or custom["expires_at"] is None


def test_bytes_that_are_no_settings_are_refused() -> None:
    with pytest.raises(BadProto):
        find_status(b"\xff")


@pytest.mark.parametrize("given", [None, "", 5, "soon", "2023-11-14"])
def test_end_of_a_custom_status_is_a_time_or_nothing(given: object) -> None:
    assert expiry_ms({"expires_at": given}) == (1_699_920_000_000 if given == "2023-11-14" else None)
