"""Tables of a benchmark's results, as they are printed, kept as JSON and drawn."""

from typing import Any

import msgspec

from benchmarks.harness.reports.machine import Machine


class Column(msgspec.Struct, kw_only=True, frozen=True):
    """A column. Numbers are shown with `digits` behind the point."""

    key: str
    title: str
    digits: int = 0

    def show(self, value: Any) -> str:
        """Write the text of a cell."""
        if value is None:
            return "–"
        return f"{value:,.{self.digits}f}" if isinstance(value, int | float) else str(value)


class Plot(msgspec.Struct, kw_only=True, frozen=True):
    """A bar for each row, named by `labels`, as long as `value`, and a line at `reference`."""

    title: str
    labels: list[str]
    value: str
    axis: str
    reference: float | None = None


class Table(msgspec.Struct, kw_only=True):
    """Rows of the same kind. Their keys are those of the columns."""

    title: str
    columns: list[Column]
    rows: list[dict[str, Any]]
    plot: Plot | None = None


class Result(msgspec.Struct, kw_only=True):
    """The tables of one benchmark. `skipped` gives the reasons for missing rows, `deliveries` the number of counted
    frames.
    """

    name: str
    tables: list[Table]
    skipped: list[str] = []
    deliveries: int = 0
    machine: Machine | None = None
    took_s: float = 0.0


def render_text(table: Table) -> str:
    """Write a table for a terminal."""
    cells = _cells(table)
    widths = [max(len(row[place]) for row in cells) for place in range(len(table.columns))]
    lines = [
        "  ".join(
            cell.ljust(width) if is_text else cell.rjust(width)
            for cell, width, is_text in zip(row, widths, _text_columns(table), strict=True)
        ).rstrip()
        for row in cells
    ]
    return "\n".join([table.title, *(f"  {line}" for line in lines)])


def render_markdown(table: Table) -> str:
    """Write a table for a document."""
    head, *rows = _cells(table)
    rule = [":--" if is_text else "--:" for is_text in _text_columns(table)]
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, rule, *rows))


def _cells(table: Table) -> list[list[str]]:
    head = [column.title for column in table.columns]
    return [head, *([column.show(row.get(column.key)) for column in table.columns] for row in table.rows)]


def _text_columns(table: Table) -> list[bool]:
    return [any(isinstance(row.get(column.key), str) for row in table.rows) for column in table.columns]
