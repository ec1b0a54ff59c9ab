"""Links to files name an address that the operator has set, or one of this machine."""

import socket

import pytest

from core.runtime.settings.settings import ApiSettings, FileSettings, Settings
from guildway.processes import files, own_address
from guildway.processes.own_address import find_own_address


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_own_address_is_one_that_this_machine_can_listen_on(family: socket.AddressFamily) -> None:
    with socket.socket(family) as listening:
        try:
            listening.bind((find_own_address(family), 0))
        except OSError:
            assert find_own_address(family) == "::1"  # a machine without IPv6


def test_machine_without_a_way_to_others_has_its_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError("Network is unreachable")

    monkeypatch.setattr(own_address.socket.socket, "connect", refuse, raising=False)
    assert find_own_address(socket.AF_INET) == "127.0.0.1"
    assert find_own_address(socket.AF_INET6) == "::1"


@pytest.mark.parametrize(
    ("host", "public_url", "expected"),
    [
        ("0.0.0.0", "https://chat.example", "https://chat.example"),
        ("0.0.0.0", "", "http://10.1.2.3:8080"),
        ("::", "", "http://10.1.2.3:8080"),
        ("127.0.0.1", "", "http://127.0.0.1:8080"),
        ("fd00::1", "", "http://[fd00::1]:8080"),
    ],
)
def test_links_begin_with_the_operators_address_or_the_machines_own(
    monkeypatch: pytest.MonkeyPatch, host: str, public_url: str, expected: str
) -> None:
    monkeypatch.setattr(own_address, "find_own_address", lambda _: "10.1.2.3")
    settings = Settings(api=ApiSettings(host=host), files=FileSettings(public_url=public_url))
    assert files.find_base_url(settings, None) == expected
