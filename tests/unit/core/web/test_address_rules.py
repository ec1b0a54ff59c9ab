"""Which addresses strangers may have the server connect to."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.web.address_rules import AddressRules

RULES = AddressRules(allowed_networks=(), ports=(80, 443))

REFUSED = [
    *("127.0.0.1", "127.255.0.3", "0.0.0.0", "0.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1"),
    *("169.254.169.254", "100.64.0.1", "100.100.100.200", "192.0.0.192", "168.63.129.16", "198.18.0.1", "198.19.3.3"),
    *("192.0.2.1", "198.51.100.7", "203.0.113.9", "192.88.99.1", "224.0.0.1", "239.1.1.1", "240.0.0.1"),
    "255.255.255.255",
    *("::", "::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%1", "2606:4700::1%2", "ff02::1", "fec0::1"),
    *("::ffff:127.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::"),
    *("2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:10::1", "2001:db8::1", "3fff::1", "5f00::1", "100::1"),
    *("4000::1", "localhost", "", "2130706433", "0x7f.1", "127.1", "0177.0.0.1", "8.8.8.8:80", "[::1]", "８.8.8.8"),
]
PERMITTED = ["1.1.1.1", "8.8.8.8", "172.15.255.255", "172.32.0.1", "100.63.0.1", "100.128.0.1", "2606:4700::1111"]


@pytest.mark.parametrize("address", REFUSED)
def test_address_that_is_not_public_is_refused(address: str) -> None:
    assert not RULES.permits(address)


@pytest.mark.parametrize("address", PERMITTED)
def test_public_address_is_permitted(address: str) -> None:
    assert RULES.permits(address)


@given(st.ip_addresses(v=4))
def test_no_ipv4_address_is_permitted_that_the_library_calls_private(address: ipaddress.IPv4Address) -> None:
    if (
        address.is_private
        or address.is_multicast
        or address.is_reserved
        or address.is_loopback
        or address.is_link_local
        or address in ipaddress.IPv4Network("100.64.0.0/10")
    ):
        assert not RULES.permits(str(address))


@given(st.ip_addresses(v=6))
def test_no_ipv6_address_is_permitted_that_the_library_does_not_call_global(address: ipaddress.IPv6Address) -> None:
    is_holder = bool(address.ipv4_mapped or address.sixtofour or address.teredo)
    if not address.is_global or address.is_multicast or is_holder:
        assert not RULES.permits(str(address))


@given(st.ip_addresses(v=4), st.sampled_from(["::ffff:0:0", "::", "64:ff9b::"]))
def test_no_ipv4_address_is_permitted_inside_an_ipv6_one(inner: ipaddress.IPv4Address, prefix: str) -> None:
    holder = ipaddress.IPv6Address(int(ipaddress.IPv6Address(prefix)) | int(inner))
    assert not RULES.permits(str(holder))
    assert not RULES.permits(str(ipaddress.IPv6Address(0x2002 << 112 | int(inner) << 80)))


@given(st.text(max_size=40))
def test_text_is_no_address_or_a_public_one(text: str) -> None:
    if RULES.permits(text):
        assert ipaddress.ip_address(text).is_global


def test_allowed_network_is_permitted_and_nothing_beside_it() -> None:
    rules = AddressRules(allowed_networks=("127.0.0.0/8", "fd12::/16"), ports=(80,))
    assert rules.permits("127.0.0.1")
    assert rules.permits("fd12::1")
    assert not rules.permits("10.0.0.1")
    assert not rules.permits("::1")
    assert not rules.permits("::ffff:127.0.0.1")


def test_only_named_ports_are_permitted() -> None:
    assert [port for port in range(65536) if RULES.permits_port(port)] == [80, 443]
