"""Ports that are found before they are used."""

import itertools
import socket

import pytest

from core.runtime.sockets import find_free_port
from deploy.services import definition

LOOPBACK = "127.0.0.1"


def list_given() -> set[int]:
    """Return ports as the system gives them to whoever asks for any."""
    given = set()
    for _ in range(50):
        with socket.socket() as asked:
            asked.bind((LOOPBACK, 0))
            given.add(asked.getsockname()[1])
    return given


def test_found_ports_are_free_and_none_that_the_system_gives_away() -> None:
    for found in (find_free_port(LOOPBACK), definition.find_free_port()):
        assert found < min(list_given())


def test_port_that_somebody_has_is_not_found(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind((LOOPBACK, 0))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setattr("core.runtime.sockets._turns", itertools.repeat(port))
        assert find_free_port(LOOPBACK) != port


def test_no_port_is_found_a_second_time_before_it_can_be_used() -> None:
    for find in (lambda: find_free_port(LOOPBACK), definition.find_free_port):
        found = [find() for _ in range(100)]
        assert len(set(found)) == len(found)
