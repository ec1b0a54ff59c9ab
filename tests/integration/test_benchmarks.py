"""The benchmarks run: rows appear, and every delivery that was asked for was counted. No figure is looked at."""

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
