"""Results: tables as text and Markdown, sections of README.md, reading back."""

from pathlib import Path

from benchmarks.harness.reports.results import FOLDER, README, read_results, render_readme, write_result
from benchmarks.harness.reports.tables import Column, Result, Table, render_markdown, render_text

_TABLE = Table(
    title="speed",
    columns=[Column(key="name", title="server"), Column(key="rate", title="per second", digits=1)],
    rows=[{"name": "a", "rate": 1234.56}, {"name": "longer"}],
)
_README = "before\n<!-- results: speed -->\nold\n<!-- end -->\nbetween\n<!-- results: other -->\nkept\n<!-- end -->\n"


def test_text_aligns_names_left_and_numbers_right() -> None:
    assert render_text(_TABLE) == "speed\n  server  per second\n  a          1,234.6\n  longer           –"


def test_markdown_has_a_cell_for_each_column() -> None:
    lines = render_markdown(_TABLE).splitlines()
    assert lines == ["| server | per second |", "| :-- | --: |", "| a | 1,234.6 |", "| longer | – |"]


def test_readme_only_sections_with_a_result_are_replaced() -> None:
    text = render_readme(_README, {"speed": Result(name="speed", tables=[_TABLE])}, set())
    assert "old" not in text
    assert "**speed**\n\n| server |" in text
    assert "<!-- results: other -->\nkept\n<!-- end -->" in text


def test_readme_made_twice_is_the_same() -> None:
    results = {"speed": Result(name="speed", tables=[_TABLE], skipped=["no such server here"])}
    once = render_readme(_README, results, {"speed"})
    assert render_readme(once, results, {"speed"}) == once
    assert "![speed](results/speed.svg)" in once


def test_result_written_is_read_back_and_other_files_are_left_alone(tmp_path: Path) -> None:
    result = Result(name="speed", tables=[_TABLE], deliveries=7)
    write_result(result, tmp_path)
    (tmp_path / "others.json").write_text("[1, 2]")
    assert read_results(tmp_path) == {"speed": result}


def test_readme_shows_the_results_that_are_kept() -> None:
    text = README.read_text(encoding="utf-8")
    assert render_readme(text, read_results(), {file.stem for file in FOLDER.glob("*.svg")}) == text


def test_kept_plots_draw_columns_of_their_tables() -> None:
    tables = [table for result in read_results().values() for table in result.tables]
    plots = [(table, table.plot) for table in tables if table.plot is not None]
    assert plots
    for table, plot in plots:
        assert {*plot.labels, plot.value} <= {column.key for column in table.columns}
        assert any(isinstance(row.get(plot.value), float) for row in table.rows)
