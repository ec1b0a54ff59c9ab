"""What a dashboard is made of: panels with their queries, and the JSON that Grafana reads.

Grafana's own format repeats the same forty lines for each panel. Here a panel is what differs: its title, what it
tells, its unit and its queries. `$W` in a query is the window of rates, which Grafana chooses by a graph's width.
"""

import enum
from collections.abc import Sequence
from typing import Any, Final

import msgspec

WINDOW: Final = "$W"
_GRAFANA_WINDOW: Final = "$__rate_interval"
_WIDTH, _HEIGHT, _PER_ROW = 8, 8, 3
"""Three panels in a row of Grafana's 24 columns."""
_SCHEMA: Final = 39
"""The version of the format, which Grafana 10 and later read."""


class Where(enum.Enum):
    """Which servers have the metrics of a panel."""

    ALL = "all"
    EMBEDDED = "embedded"
    CLUSTER = "cluster"


class Query(msgspec.Struct, frozen=True):
    """A query, and the legend of what it returns."""

    expression: str
    legend: str = ""


class Panel(msgspec.Struct, frozen=True, kw_only=True):
    """A graph."""

    title: str
    about: str
    unit: str = "short"
    """A unit of Grafana's: s, Bps, bytes, reqps, percentunit, short."""
    queries: Sequence[Query]
    where: Where = Where.ALL


class Board(msgspec.Struct, frozen=True, kw_only=True):
    """A dashboard."""

    name: str
    title: str
    panels: Sequence[Panel]


def rate(metric: str, legend: str = "", *, by: str = "") -> Query:
    """A counter's rate, summed over all processes; by labels where they are given."""
    grouping = f" by ({by})" if by else ""
    return Query(f"sum{grouping} (rate({metric}[{WINDOW}]))", legend or (f"{{{{{by}}}}}" if by else ""))


def rate_or_zero(metric: str, legend: str) -> Query:
    """The rate of a counter whose series begin with the first fault."""
    return Query(f"sum (rate({metric}[{WINDOW}])) or vector(0)", legend)


def quantiles(histogram: str, *, by: str = "") -> list[Query]:
    """The median and the 99th percentile of a histogram without labels in its name; by a label only the latter."""
    labels = f"le, {by}" if by else "le"
    shares = ((0.99, f"{{{{{by}}}}}"),) if by else ((0.5, "p50"), (0.99, "p99"))
    return [
        Query(f"histogram_quantile({share}, sum by ({labels}) (rate({histogram}_bucket[{WINDOW}])))", legend)
        for share, legend in shares
    ]


def encode_board(board: Board) -> bytes:
    """Encode for Grafana."""
    document = {
        "uid": f"guildway-{board.name}",
        "title": f"Guildway: {board.title}",
        "tags": ["guildway"],
        "schemaVersion": _SCHEMA,
        "editable": True,
        "refresh": "30s",
        "time": {"from": "now-1h", "to": "now"},
        "annotations": {"list": []},
        "templating": {"list": [{"name": "datasource", "type": "datasource", "query": "prometheus"}]},
        "panels": [_encode_panel(number, panel) for number, panel in enumerate(board.panels)],
    }  # fmt: skip
    return msgspec.json.format(msgspec.json.encode(document), indent=1) + b"\n"


def _encode_panel(number: int, panel: Panel) -> dict[str, Any]:
    source = {"type": "prometheus", "uid": "${datasource}"}
    targets = [
        {
            "refId": chr(ord("A") + each),
            "datasource": source,
            "expr": query.expression.replace(WINDOW, _GRAFANA_WINDOW),
            "legendFormat": query.legend or "__auto",
        }
        for each, query in enumerate(panel.queries)
    ]
    row, column = divmod(number, _PER_ROW)
    return {
        "id": number + 1,
        "type": "timeseries",
        "title": panel.title,
        "description": panel.about,
        "datasource": source,
        "gridPos": {"x": column * _WIDTH, "y": row * _HEIGHT, "w": _WIDTH, "h": _HEIGHT},
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
        "options": {
            "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
            "tooltip": {"mode": "multi", "sort": "none"},
        },
        "targets": targets,
    }
