"""The loop's histogram gives the page that prometheus-client's own gives."""

import prometheus_client
import pytest
from prometheus_client import CollectorRegistry, generate_latest

from core.runtime.histogram import Histogram

BUCKETS = (0.001, 0.5, 1.0)
VALUES = (0.0, 0.001, 0.0011, 0.5, 0.7, 1.0, 1.5, 400.0)


def page_of(registry: CollectorRegistry) -> list[str]:
    """Without the time of making, which the loop's does not tell."""
    return [line for line in generate_latest(registry).decode().splitlines() if "_created" not in line]


def test_page_is_the_same_as_the_librarys() -> None:
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    mine = Histogram("took_seconds", "How long.", buckets=BUCKETS, registry=ours)
    other = prometheus_client.Histogram("took_seconds", "How long.", buckets=BUCKETS, registry=theirs)
    for value in VALUES:
        mine.observe(value)
        other.observe(value)
    assert page_of(ours) == page_of(theirs)


def test_page_with_labels_is_the_same_as_the_librarys() -> None:
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    mine = Histogram("took_seconds", "How long.", ["route", "status"], buckets=BUCKETS, registry=ours)
    other = prometheus_client.Histogram(
        "took_seconds", "How long.", ["route", "status"], buckets=BUCKETS, registry=theirs
    )
    for value in VALUES:
        for route in ("/a", "/b"):
            mine.labels(route, "200").observe(value)
            other.labels(route, "200").observe(value)
    assert page_of(ours) == page_of(theirs)


def test_labels_of_another_number_are_refused() -> None:
    histogram = Histogram("took_seconds", "How long.", ["route"], buckets=BUCKETS, registry=CollectorRegistry())
    with pytest.raises(ValueError, match="took_seconds has the labels"):
        histogram.labels("/a", "200")


def test_name_is_taken_once() -> None:
    registry = CollectorRegistry()
    Histogram("took_seconds", "How long.", buckets=BUCKETS, registry=registry)
    with pytest.raises(ValueError, match="took_seconds"):
        Histogram("took_seconds", "How long.", buckets=BUCKETS, registry=registry)
