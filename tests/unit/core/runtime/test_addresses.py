"""The keys of addresses."""

import pytest

from core.runtime.addresses import key_of


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("", ""),
    ],
)
def test_key_of_address_is_what_one_customer_has(address: str, expected: str) -> None:
    assert key_of(address) == expected
