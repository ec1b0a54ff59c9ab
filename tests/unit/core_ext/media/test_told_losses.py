"""What a client's reports tell of the streams that it gets."""

import pytest

from core_ext.media.told_losses import ToldLosses

VOICE, CAMERA = 4, 5


def test_worst_window_of_any_stream_counts() -> None:
    told = ToldLosses()
    for highest, lost in ((1000, 0), (1250, 25), (1500, 25), (1750, 30)):
        told.note(VOICE, highest, lost)
    assert told.peak == pytest.approx(0.1)
    for highest, lost in ((70_000, 10), (70_100, 20), (70_400, 90)):
        told.note(CAMERA, highest, lost)
    assert told.peak == pytest.approx(0.2)


def test_few_packets_say_nothing_and_a_last_part_says_something() -> None:
    told = ToldLosses()
    told.note(VOICE, 1000, 0)
    told.note(VOICE, 1049, 49)
    assert told.peak is None
    told.note(VOICE, 1100, 50)
    assert told.peak == pytest.approx(0.5)
    told.forget(VOICE)
    told.note(VOICE, 2000, 900)
    assert told.peak == pytest.approx(0.5), "it begins anew"


def test_packets_that_were_sent_again_are_not_lost() -> None:
    told = ToldLosses()
    told.note(CAMERA, 1000, 40)
    told.note(CAMERA, 1300, 30)
    assert told.peak == 0


def test_reports_of_few_packets_are_told_together() -> None:
    told = ToldLosses()
    assert told.note(CAMERA, 1000, 0, 0.5) is None, "nobody knows of how many"
    assert told.note(CAMERA, 1002, 1, 0.5) is None
    assert told.note(CAMERA, 1002, 1, 0.5) is None, "nothing new"
    assert told.note(CAMERA, 1050, 0) == pytest.approx(1 / 50), "has come later, and was missed all the same"
    assert told.note(VOICE, 1002, 1, 1.0) is None, "another stream"
    assert told.note(CAMERA, 1350, 0, 0.1) == pytest.approx(0.1)
    told.pause()
    assert told.note(CAMERA, 1450, 100, 1.0) is None


def test_new_connection_counts_anew() -> None:
    told = ToldLosses()
    told.note(VOICE, 70_000, 0)
    told.note(VOICE, 100, 90)
    told.note(VOICE, 200, 90)
    assert told.peak == 0


def test_what_a_deafened_client_misses_is_not_lost() -> None:
    told = ToldLosses()
    told.note(VOICE, 1000, 0)
    told.note(VOICE, 1100, 1)
    told.pause()  # it is deafened
    told.note(VOICE, 1105, 1)  # was on its way
    told.pause()  # not any more
    told.note(VOICE, 1105, 1)  # before the first packet
    told.note(VOICE, 2000, 890)
    told.note(VOICE, 2100, 891)
    assert told.peak == pytest.approx(0.01)


def test_impossible_figures_stay_a_part() -> None:
    told = ToldLosses()
    told.note(VOICE, 0, -8_000_000)
    told.note(VOICE, 4_000_000_000, 8_000_000)
    told.note(CAMERA, 0, 0)
    told.note(CAMERA, 100, 8_000_000)
    assert told.peak == 1.0
