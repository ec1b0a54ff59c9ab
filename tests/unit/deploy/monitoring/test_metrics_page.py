"""The table of metrics is what the code declares, and every label is bounded."""

import inspect
import re
from pathlib import Path

import pytest
from prometheus_client import Counter

from core.runtime.metrics import cluster_metrics, link_metrics, metrics, shard_metrics, voice_metrics
from deploy.monitoring.metrics_page import FILE, GROUPS, LABELS, list_metrics, make_page

ROOT = Path(__file__).parents[4]
PARTS_OF_METRICS = {"ApiMetrics", "ConnectionMetrics", "EventMetrics", "WebMetrics", "StoreMetrics", "ProcessMetrics"}


def test_page_is_what_the_code_declares() -> None:
    assert FILE.read_text() == make_page(), "run `python -m deploy.monitoring page`"


def test_groups_leave_out_no_class_of_metrics() -> None:
    modules = (cluster_metrics, link_metrics, metrics, shard_metrics, voice_metrics)
    classes = {
        name
        for module in modules
        for name, value in inspect.getmembers(module, inspect.isclass)
        if value.__module__ == module.__name__
    }
    assert classes - PARTS_OF_METRICS == {group.__name__ for group in GROUPS.values()}  # type: ignore[attr-defined]


def test_metrics_are_declared_nowhere_else() -> None:
    names = {each.name.removesuffix("_total") for group in GROUPS.values() for each in list_metrics(group)}
    for tree in ("api", "core", "gateway", "guildway", "shardctl"):
        for path in (ROOT / tree).rglob("*.py"):
            declared = re.findall(r"(?:Counter|Gauge|Histogram)\(\s*\"(guildway_\w+)\"", path.read_text())
            assert {name.removesuffix("_total") for name in declared} <= names, path


def test_list_metrics_refuses_a_label_without_a_bound() -> None:
    with pytest.raises(KeyError, match="user_id"):
        list(list_metrics(lambda registry: Counter("guildway_visits_total", "Visits.", ["user_id"], registry=registry)))


def test_labels_are_all_used() -> None:
    used = {label for group in GROUPS.values() for each in list_metrics(group) for label in each.labels}
    assert used == set(LABELS)
