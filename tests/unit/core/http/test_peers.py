"""The counts of connections by address."""

import logging

import pytest

from core.http.bounds import HttpBounds
from core.http.peers import HttpPeers, Place

BOUNDS = HttpBounds(connections_per_address=2, connections=100)


def enter(peers: HttpPeers, address: str, *, times: int = 1) -> list[Place]:
    return [peers.enter(address, is_trusted=False) for _ in range(times)]


def test_address_past_its_bound_may_only_ask_how_the_process_is() -> None:
    refused: list[str] = []
    peers = HttpPeers(bounds=BOUNDS, count_refusal=refused.append)
    places = enter(peers, "203.0.113.1", times=40)
    assert refused == ["connections"] * 38
    assert places[:3] == [Place.SERVED, Place.SERVED, Place.PROBES_ONLY]
    assert places[-1] is Place.NONE
    assert enter(peers, "203.0.113.2") == [Place.SERVED]


def test_addresses_of_one_customer_are_counted_together() -> None:
    peers = HttpPeers(bounds=BOUNDS)
    places = [place for number in range(1, 4) for place in enter(peers, f"2001:db8::{number}")]
    assert places == [Place.SERVED, Place.SERVED, Place.PROBES_ONLY]
    peers.leave("2001:db8::1", Place.SERVED)
    assert enter(peers, "2001:db8::4") == [Place.SERVED]


def test_place_of_who_has_left_is_free() -> None:
    peers = HttpPeers(bounds=BOUNDS)
    for place in enter(peers, "203.0.113.1", times=30):
        peers.leave("203.0.113.1", place)
    assert len(peers) == 0
    assert enter(peers, "203.0.113.1") == [Place.SERVED]


def test_connections_past_an_address_bound_take_no_place_of_others() -> None:
    peers = HttpPeers(bounds=HttpBounds(connections_per_address=2, connections=3))
    enter(peers, "203.0.113.1", times=40)
    assert enter(peers, "203.0.113.2", times=2) == [Place.SERVED, Place.NONE]


def test_trusted_proxy_is_bounded_by_the_process_alone() -> None:
    peers = HttpPeers(bounds=BOUNDS)
    places = [peers.enter("10.1.2.3", is_trusted=True) for _ in range(101)]
    assert places[:100] == [Place.SERVED] * 100
    assert places[100] is Place.PROBES_ONLY


def test_forwarding_that_is_not_believed_is_told_once_an_address(caplog: pytest.LogCaptureFixture) -> None:
    peers = HttpPeers(bounds=BOUNDS)
    with caplog.at_level(logging.WARNING):
        for address in ("10.0.0.1", "10.0.0.1", "10.0.0.2"):
            peers.note_forwarded(address)
    assert [record.__dict__["address"] for record in caplog.records] == ["10.0.0.1", "10.0.0.2"]
    assert "api.trusted_proxies" in caplog.text
