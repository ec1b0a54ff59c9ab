"""docs/scale.md shows what the model prints, and the model's costs are those of the kept results."""

import pytest

from benchmarks.harness.reports.results import read_results
from benchmarks.scale.__main__ import DOCUMENT, main, render_document
from benchmarks.scale.costs import MEASURED, Costs
from benchmarks.scale.tables import make_tables, shorten

_DRIFT = 1.5
"""Between runs on a busy machine figures move by a third."""


def test_the_document_has_the_tables_of_the_model() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert render_document(text) == text, "python -m benchmarks.scale --write"
    assert all(f"<!-- scale: {name} -->" in text for name in make_tables())


def test_a_mark_without_a_table_is_refused() -> None:
    with pytest.raises(KeyError):
        render_document("<!-- scale: nothing -->\n<!-- end -->")


def test_the_command_prints_all_tables(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    printed = capsys.readouterr().out
    assert all(table.title in printed for table in make_tables().values())


@pytest.mark.parametrize("name", [name for name in Costs.__struct_fields__ if getattr(MEASURED, name).row])
def test_costs_are_those_of_the_kept_results(name: str) -> None:
    cost = getattr(MEASURED, name)
    rows = [
        row
        for table in read_results()[cost.row.result].tables
        for row in table.rows
        if cost.row.key in row and cost.row.where.items() <= row.items()
    ]
    assert len(rows) == 1
    assert rows[0][cost.row.key] / _DRIFT <= cost.value <= rows[0][cost.row.key] * _DRIFT


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0"), (7, "7"), (0.999, "1.0"), (9.96, "10"), (123_456, "120,000"), (0.0123, "0.012"), (99.6, "100")],
)
def test_numbers_have_two_figures(number: float, text: str) -> None:
    assert shorten(number) == text
