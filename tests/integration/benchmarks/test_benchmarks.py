"""The benchmarks run: they give rows and count every expected delivery. The tests check no figure but its sign."""

import shutil

import pytest

from benchmarks.__main__ import measure

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="the load client is C")


def test_fan_out_quick_run_counts_every_delivery() -> None:
    result = measure("fanout", is_quick=True)
    [table] = result.tables
    assert [(row["sessions"], row["k"]) for row in table.rows] == [(s, k) for s in (20, 40) for k in (1, 4, 16)]
    assert all(row["ratio"] > 0 for row in table.rows)
    assert result.deliveries == 2 * 4 * (1 + 4 + 16) * (20 + 40)


def test_spread_quick_run_brings_every_message_to_every_session() -> None:
    result = measure("spread", is_quick=True)
    [row] = result.tables[0].rows
    assert (row["workers"], row["sessions"], row["word_bytes"]) == (2, 3, 8)
    assert result.deliveries == 2 * 3 * 3 * 16


def test_slow_readers_quick_run_loses_no_frame_within_the_bound() -> None:
    result = measure("slow", is_quick=True)
    rows = {row["case"]: row for row in result.tables[0].rows}
    assert rows["kept"]["complete"] == rows["kept"]["slow"] == 2
    assert rows["closed"]["complete"] == 0


def test_latency_quick_run_delivers_every_message_to_every_session() -> None:
    result = measure("latency", is_quick=True)
    assert [row["frames"] for row in result.tables[0].rows] == [100 * 20, 500 * 20]


def test_link_quick_run_brings_every_frame() -> None:
    result = measure("link", is_quick=True)
    assert [row["per_turn"] for row in result.tables[0].rows] == [16, 1]
    assert all(row["sender_ratio"] > 0 and row["receiver_ratio"] > 0 for row in result.tables[0].rows)


@pytest.mark.skipif(shutil.which("wrk") is None, reason="wrk offers the load")
def test_reactions_quick_run_adds_and_removes() -> None:
    rows = measure("reactions", is_quick=True).tables[0].rows
    assert [row["what"] for row in rows] == ["send", "add a reaction", "remove a reaction"]
    assert all(row["per_second"] > 0 for row in rows)
