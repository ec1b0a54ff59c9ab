"""The gateway's address for clients."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.transport.public_address import PublicAddress, compute_gateway_url


@pytest.mark.parametrize(
    ("public_url", "expected"),
    [
        ("wss://g.example", "wss://g.example"),
        ("wss://g.example/", "wss://g.example"),
        ("wss://g.example/chat/", "wss://g.example/chat"),
        ("wss://gw-{worker}.example/", "wss://gw-worker-2.example"),
        ("wss://{worker}.example:{port}/chat", "wss://worker-2.example:81/chat"),
    ],
)
def test_setting_wins(public_url: str, expected: str) -> None:
    address = PublicAddress(public_url, worker="worker-2")
    assert address.bound is None
    address.bind("0.0.0.0", 81)
    assert address.url_for("other") == address.public_url == expected


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", "ws://127.0.0.1:81"), ("10.0.0.2", "ws://10.0.0.2:81"), ("::1", "ws://[::1]:81")],
)
def test_gateway_on_one_address_is_there_whatever_was_asked(host: str, expected: str) -> None:
    assert compute_gateway_url(public_url="", host=host, port=81, asked_host="other.example:80") == expected


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("chat.example:8080", "ws://chat.example:81"),
        ("192.168.1.5", "ws://192.168.1.5:81"),
        ("[fe80::1]:8080", "ws://[fe80::1]:81"),
        ("", "ws://127.0.0.1:81"),
        ("[::1", "ws://127.0.0.1:81"),
        ("a/b?c", "ws://a:81"),
        ("a b", "ws://127.0.0.1:81"),
    ],
)
def test_gateway_on_every_address_is_where_the_client_found_the_server(asked: str, expected: str) -> None:
    assert compute_gateway_url(public_url="", host="0.0.0.0", port=81, asked_host=asked) == expected


@given(st.text())
def test_any_host_header_leads_to_an_address(asked: str) -> None:
    told = compute_gateway_url(public_url="", host="::", port=81, asked_host=asked)
    assert told.startswith("ws://")
    assert told.endswith(":81")
    assert not set(told) & set(" \t\r\n/?#@\"'<>") - {"/"}


def test_address_is_the_one_that_the_listener_is_bound_to() -> None:
    address, set_one = PublicAddress(""), PublicAddress("wss://g.example")
    for each in (address, set_one):
        each.bind("0.0.0.0", 81)
    assert address.url_for("chat.example:8080") == "ws://chat.example:81"
    assert set_one.url_for("chat.example:8080") == "wss://g.example"
    assert address.local_url == set_one.local_url == "ws://127.0.0.1:81"


def test_address_for_a_resume_is_the_same_unless_another_one_is_set() -> None:
    usual = PublicAddress("wss://gw-{worker}.example", worker="worker-2")
    balanced = PublicAddress("wss://gw-{worker}.example", resume_url="wss://gw.example/", worker="worker-2")
    for each in (usual, balanced):
        each.bind("0.0.0.0", 81)
    assert usual.resume_url_for("") == "wss://gw-worker-2.example"
    assert balanced.resume_url_for("") == "wss://gw.example"
    assert balanced.url_for("") == "wss://gw-worker-2.example"


def test_unix_socket_is_told_to_this_machine_and_the_setting_to_clients() -> None:
    address = PublicAddress("wss://gateway.example.org")
    address.bind("unix:/run/gateway.sock", 0)
    assert address.local_url == "unix:/run/gateway.sock"
    assert address.url_for("chat.example.org") == "wss://gateway.example.org"
