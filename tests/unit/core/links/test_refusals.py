"""What is told of links that are refused: each reason once until the link stands, and how often then."""

import logging

import pytest

from core.links.refusals import STRANGER, Refusals

PEER = "worker-2"


@pytest.fixture
def refusals(caplog: pytest.LogCaptureFixture) -> Refusals:
    """Refusals whose lines are caught."""
    caplog.set_level(logging.INFO, "core.links.refusals")
    return Refusals()


def refuse(refusals: Refusals, reason: str = "it is not there", *, peer: str = PEER, carrier: str = "tcp") -> None:
    refusals.note("no link", peer=peer, carrier=carrier, reason=reason)


def test_refusal_that_comes_again_is_told_once_and_counted(
    refusals: Refusals, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(5):
        refuse(refusals)
    (told,) = caplog.records
    assert (told.levelname, told.getMessage(), told.__dict__["reason"]) == ("WARNING", "no link", "it is not there")
    refusals.end(PEER)
    assert (caplog.records[-1].levelname, caplog.records[-1].__dict__["refusals"]) == ("INFO", 5)


def test_link_that_stood_meanwhile_is_told_anew(refusals: Refusals, caplog: pytest.LogCaptureFixture) -> None:
    refuse(refusals)
    refusals.end(PEER)
    refuse(refusals)
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO", "WARNING"]


def test_other_reason_and_other_carrier_and_other_peer_are_told(
    refusals: Refusals, caplog: pytest.LogCaptureFixture
) -> None:
    refuse(refusals)
    refuse(refusals, "it does not have the secret")
    refuse(refusals, carrier="redis")
    refuse(refusals, peer="worker-3")
    assert len(caplog.records) == 4


def test_stranger_that_words_each_refusal_anew_does_not_fill_the_log(
    refusals: Refusals, caplog: pytest.LogCaptureFixture
) -> None:
    for version in range(100):
        refuse(refusals, f"it speaks version {version}", peer=STRANGER)
    assert len(caplog.records) < 10


def test_strangers_may_have_been_the_peer_whose_link_stands(
    refusals: Refusals, caplog: pytest.LogCaptureFixture
) -> None:
    refuse(refusals, peer=STRANGER)
    refusals.end(PEER)
    refuse(refusals, peer=STRANGER)
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO", "WARNING"]


def test_link_that_was_never_refused_stands_without_a_word(
    refusals: Refusals, caplog: pytest.LogCaptureFixture
) -> None:
    refusals.end(PEER)
    assert not caplog.records


def test_peer_whose_life_is_over_is_forgotten(refusals: Refusals, caplog: pytest.LogCaptureFixture) -> None:
    refuse(refusals)
    refusals.forget(PEER)
    refusals.end(PEER)
    assert len(caplog.records) == 1
