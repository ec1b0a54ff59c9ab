"""A histogram for the event loop's thread: one bisection and two additions an observation.

prometheus-client's own is for any thread: it takes a lock for each of the numbers, which costs several microseconds, more than
some of what is measured with it. The names, the buckets and the page are the same.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.utils import floatToGoString

_INFINITY: Final = float("inf")


class Observed:
    """What was observed under one set of labels. Only for the loop's thread; the page is made there too."""

    __slots__ = ("_bounds", "_counts", "_sum")

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self._counts = [0] * len(bounds)
        self._sum = 0.0

    def observe(self, value: float) -> None:
        """Count one value."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self._sum += value

    def add_to(self, family: HistogramMetricFamily, labels: Sequence[str]) -> None:
        """Put what was counted on the page: of each bucket, how many were not above its bound."""
        total = 0
        buckets = []
        for bound, count in zip(self._bounds, self._counts, strict=True):
            total += count
            text: str = floatToGoString(bound)  # type: ignore[no-untyped-call]  # the library has no types for it
            buckets.append((text, total))
        family.add_metric(labels, buckets=buckets, sum_value=self._sum)


class Histogram:
    """A metric with or without labels; its own collector."""

    __slots__ = ("_bounds", "_children", "_help", "_label_names", "_name")

    def __init__(
        self,
        name: str,
        help_text: str,
        labels: Sequence[str] = (),
        *,
        buckets: Iterable[float],
        registry: CollectorRegistry,
    ) -> None:
        """`buckets`: the upper bounds; infinity is added."""
        self._name = name
        self._help = help_text
        self._label_names = tuple(labels)
        self._bounds = (*sorted(buckets), _INFINITY)
        self._children: dict[tuple[str, ...], Observed] = {}
        if not labels:
            self._children[()] = Observed(self._bounds)
        registry.register(self)

    def labels(self, *values: str, **named: str) -> Observed:
        """What is observed under these labels, by name or in the order of the names. To be kept by who observes often."""
        values += tuple(named[name] for name in self._label_names if name in named)
        if len(values) != len(self._label_names):
            raise ValueError(f"{self._name} has the labels {self._label_names}")
        child = self._children.get(values)
        if child is None:
            child = self._children[values] = Observed(self._bounds)
        return child

    def observe(self, value: float) -> None:
        """Count one value of a metric without labels."""
        self._children[()].observe(value)

    def describe(self) -> list[HistogramMetricFamily]:
        """For the registry: the metric's name."""
        return [self._family()]

    def collect(self) -> list[HistogramMetricFamily]:
        """For the page."""
        family = self._family()
        for values, child in self._children.items():
            child.add_to(family, values)
        return [family]

    def _family(self) -> HistogramMetricFamily:
        return HistogramMetricFamily(self._name, self._help, labels=self._label_names)
