"""Pictures of results: bars, as SVG, readable on light and dark pages. matplotlib is in the group `bench`."""

from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.harness.reports.tables import Plot, Result, Table

_INK: Final = "#808080"
"""A grey half way between a light and a dark page."""
_COLOURS: Final = ("#3b82c4", "#d9822b", "#4fa36b", "#b45c9c", "#8a8f2f", "#c25450")
_WIDTH_IN: Final = 8.0
_BAR_IN: Final = 0.26
_FRAME_IN: Final = 1.1
_STYLE: Final[Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "benchmarks",
    "font.family": "sans-serif",
    "font.size": 9,
    "text.color": _INK,
    "axes.labelcolor": _INK,
    "axes.edgecolor": _INK,
    "xtick.color": _INK,
    "ytick.color": _INK,
}


def write_plot(result: Result, folder: Path) -> bool:
    """Write `<name>.svg` with a chart for each table that has a plot. Return False when none has."""
    plotted = [(table, table.plot) for table in result.tables if table.plot is not None and table.rows]
    if not plotted:
        return False
    with mpl.rc_context(_STYLE):
        heights = [_FRAME_IN + _BAR_IN * len(_bars(table, plot)) for table, plot in plotted]
        figure = Figure(figsize=(_WIDTH_IN, sum(heights)), layout="constrained")
        axes = figure.subplots(len(plotted), 1, squeeze=False, height_ratios=heights)[:, 0]
        for place, (table, plot) in zip(axes, plotted, strict=True):
            _draw(place, table, plot)
        figure.savefig(folder / f"{result.name}.svg", transparent=True, metadata={"Date": None})
    return True


def _bars(table: Table, plot: Plot) -> list[tuple[str, str, float]]:
    """List name, kind (the first label that differs, which gives the colour) and length."""
    bars = []
    for row in table.rows:
        value = row.get(plot.value)
        if isinstance(value, int | float):
            labels = [_label(table, key, row.get(key)) for key in plot.labels]
            bars.append((", ".join(labels), labels[0], float(value)))
    return bars


def _label(table: Table, key: str, value: object) -> str:
    column = next(column for column in table.columns if column.key == key)
    shown = column.show(value)
    if isinstance(value, str):
        return shown
    return f"{column.title} = {shown}" if len(column.title) == 1 else f"{shown} {column.title}"


def _draw(axes: Axes, table: Table, plot: Plot) -> None:
    bars = _bars(table, plot)
    kinds = list(dict.fromkeys(kind for _, kind, _ in bars))
    colours = [_COLOURS[kinds.index(kind) % len(_COLOURS)] for _, kind, _ in bars]
    digits = next(column.digits for column in table.columns if column.key == plot.value)
    drawn = axes.barh(range(len(bars)), [length for _, _, length in bars], color=colours, height=0.7)
    axes.bar_label(drawn, labels=[f"{length:,.{digits}f}" for _, _, length in bars], padding=4, color=_INK)
    axes.set_yticks(range(len(bars)), [name for name, _, _ in bars])
    axes.invert_yaxis()
    axes.margins(x=0.12, y=0.02)
    axes.set_title(plot.title, loc="left", color=_INK)
    axes.set_xlabel(plot.axis)
    axes.spines[["top", "right"]].set_visible(False)
    if plot.reference is not None:
        axes.axvline(plot.reference, color=_INK, linestyle="--", linewidth=1)
