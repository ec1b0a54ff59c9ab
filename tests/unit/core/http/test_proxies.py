"""Whom a proxy speaks for, and who is believed."""

import asyncio
from typing import Any

import pytest

from core.http.bounds import DEFAULT_BOUNDS
from core.http.proxies import TrustedProxies, find_scheme
from core.runtime.errors import StartError
from tests.fakes.http_transport import FakeHttpConnection

NETWORKS = ["127.0.0.1", "10.0.0.0/8", "fd00::/8"]


@pytest.mark.parametrize(
    ("trusted", "address", "expected"),
    [
        ([], "127.0.0.1", False),
        (["127.0.0.1"], "127.0.0.1", True),
        (["::1", "10.0.0.0/8"], "10.255.0.1", True),
        (["::1", "10.0.0.0/8"], "0:0:0:0:0:0:0:1", True),
        (["10.0.0.1/8"], "10.255.0.1", True),
        (["10.0.0.0/8"], "11.0.0.1", False),
        (["10.0.0.0/8"], "::1", False),
        (["10.0.0.0/8"], "::ffff:10.0.0.1", True),
        (["10.0.0.0/8"], "::ffff:11.0.0.1", False),
        (["10.0.0.0/8"], "", False),
        (["10.0.0.0/8"], "unknown", False),
        (["*"], "203.0.113.1", True),
        (["*"], "", True),
        (["unix:"], "unix:", True),
        (["unix:"], "10.0.0.1", False),
        (["10.0.0.0/8"], "unix:", False),
    ],
)
def test_is_trusted_knows_addresses_and_networks(trusted: list[str], address: str, *, expected: bool) -> None:
    assert TrustedProxies(trusted).is_trusted(address) is expected


def test_proxy_that_is_no_address_is_told() -> None:
    with pytest.raises(StartError, match="not-an-ip"):
        TrustedProxies(["not-an-ip"])


@pytest.mark.parametrize(
    ("values", "client"),
    [
        (["203.0.113.9"], ("203.0.113.9", 0)),
        (["198.51.100.1, 203.0.113.9"], ("203.0.113.9", 0)),
        (["198.51.100.1, 203.0.113.9, 10.0.0.2"], ("203.0.113.9", 0)),
        (["198.51.100.1,203.0.113.9 ,10.0.0.2:443, 127.0.0.1"], ("203.0.113.9", 0)),
        (["198.51.100.1", "203.0.113.9", "10.0.0.2"], ("203.0.113.9", 0)),
        (["203.0.113.9:5000"], ("203.0.113.9", 5000)),
        (["203.0.113.9:http"], ("203.0.113.9:http", 0)),
        (["2001:db8::1"], ("2001:db8::1", 0)),
        (["[2001:db8::1]"], ("2001:db8::1", 0)),
        (["[2001:db8::1]:5000"], ("2001:db8::1", 5000)),
        (["[2001:db8::1]:x"], ("2001:db8::1", 0)),
        (["[2001:db8::1]x"], ("[2001:db8::1]x", 0)),
        (["[2001:db8::1"], ("[2001:db8::1", 0)),
        (["2001:db8::1, [fd00::5]:80"], ("2001:db8::1", 0)),
        (["10.0.0.9, ::ffff:203.0.113.9, ::ffff:10.0.0.2"], ("::ffff:203.0.113.9", 0)),
        (["10.0.0.3, 10.0.0.2"], ("10.0.0.3", 0)),
        (["unknown"], ("unknown", 0)),
        (["203.0.113.9, _hidden"], ("_hidden", 0)),
        (["\xff\x00"], ("\xff\x00", 0)),
        (["203.0.113.9,"], None),
        ([""], None),
        ([], None),
    ],
)
def test_client_is_the_last_address_that_is_no_trusted_proxy(values: list[str], client: tuple[str, int] | None) -> None:
    headers = [(b"x-forwarded-for", value.encode("latin-1")) for value in values]
    assert TrustedProxies(NETWORKS).find_client([(b"host", b"x"), *headers]) == client


def test_client_is_the_first_address_when_everybody_is_trusted() -> None:
    headers = [(b"x-forwarded-for", b"203.0.113.9:7, 198.51.100.1")]
    assert TrustedProxies(["*"]).find_client(headers) == ("203.0.113.9", 7)


@pytest.mark.parametrize(
    ("values", "scheme"),
    [
        ([b"https"], "https"),
        ([b"http", b" https "], "https"),
        ([b"https, http"], None),
        ([b"gopher"], None),
        ([], None),
    ],
)
def test_scheme_is_the_last_one_that_was_said(values: list[bytes], scheme: str | None) -> None:
    assert find_scheme([(b"x-forwarded-proto", value) for value in values]) == scheme


@pytest.mark.parametrize(
    ("trusted", "client", "scheme"),
    [
        ([], ("10.0.0.1", 5000), "http"),
        (["203.0.113.0/24"], ("10.0.0.1", 5000), "http"),
        (["10.0.0.0/8"], ("203.0.113.9", 0), "https"),
        (["*"], ("198.51.100.1", 0), "https"),
    ],
)
async def test_application_sees_the_client_of_a_trusted_proxy(
    trusted: list[str], client: tuple[str, int], scheme: str
) -> None:
    assert await see("10.0.0.1", trusted) == (client, scheme)


async def test_unix_socket_is_an_address_of_its_own_which_is_trusted_by_name_or_with_everybody() -> None:
    assert await see("", ["10.0.0.0/8"]) == (("unix:", 0), "http")
    assert await see("", ["unix:"]) == (("203.0.113.9", 0), "https")
    assert await see("10.0.0.1", ["unix:"]) == (("10.0.0.1", 5000), "http")
    assert await see("", ["*"]) == (("198.51.100.1", 0), "https")


async def see(address: str, trusted: list[str]) -> tuple[Any, str]:
    """Client and scheme that the application sees of a connection from this address, "" for a socket of the Unix
    kind.
    """
    seen: list[Any] = []

    async def app(scope: Any, _receive: Any, send: Any) -> None:
        seen.extend((scope["client"], scope["scheme"]))

    connection = FakeHttpConnection(app, bounds=DEFAULT_BOUNDS, address=address, trusted_proxies=trusted)
    forwarded = b"x-forwarded-for: 198.51.100.1, 203.0.113.9\r\nx-forwarded-proto: https\r\n"
    connection.protocol.data_received(b"GET / HTTP/1.1\r\nhost: x\r\n" + forwarded + b"\r\n")
    await asyncio.sleep(0)
    return seen[0], seen[1]
