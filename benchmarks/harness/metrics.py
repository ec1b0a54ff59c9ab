"""A reader of a running server's /metrics."""

import math
import urllib.request

import msgspec
from prometheus_client.parser import text_string_to_metric_families


class Histogram(msgspec.Struct, frozen=True):
    """A cumulative histogram: the number of observations, keyed by the upper bound in seconds."""

    buckets: dict[float, float]

    @property
    def count(self) -> int:
        """Return the number of observations."""
        return int(self.buckets.get(math.inf, 0))

    def count_over(self, bound_s: float) -> int:
        """Count the observations above the highest bound that is not over `bound_s`."""
        below = [bound for bound in self.buckets if bound <= bound_s]
        return self.count - int(self.buckets[max(below)] if below else 0)

    def longest_bound_s(self) -> float:
        """Return the lowest bound that no observation exceeds, or infinity."""
        return min((bound for bound, count in self.buckets.items() if count >= self.count), default=math.inf)

    def since(self, earlier: "Histogram") -> "Histogram":
        """Return the observations since an earlier reading."""
        return Histogram({bound: count - earlier.buckets.get(bound, 0) for bound, count in self.buckets.items()})


def read_counter(address: str, name: str) -> float:
    """Read a counter and add up its labels. Return 0 when the server has no such counter."""
    families = text_string_to_metric_families(_read(address))
    return sum(sample.value for family in families for sample in family.samples if sample.name == name)


def read_histogram(address: str, name: str) -> Histogram | None:
    """Read a histogram and add up its labels. Return None when the server has no such histogram."""
    buckets: dict[float, float] = {}
    for family in text_string_to_metric_families(_read(address)):
        for sample in family.samples:
            if sample.name == f"{name}_bucket":
                bound = float(sample.labels["le"])
                buckets[bound] = buckets.get(bound, 0) + sample.value
    return Histogram(buckets) if buckets else None


def _read(address: str) -> str:
    with urllib.request.urlopen(f"{address}/metrics", timeout=30) as answer:
        text: str = answer.read().decode()
        return text
