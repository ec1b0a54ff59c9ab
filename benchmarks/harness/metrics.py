"""What a running server says of itself at /metrics."""

import math
import urllib.request

import msgspec
from prometheus_client.parser import text_string_to_metric_families


class Histogram(msgspec.Struct, frozen=True):
    """How often something took at most so long: upper bounds in seconds → how many, those of lower bounds included."""

    buckets: dict[float, float]

    @property
    def count(self) -> int:
        """All."""
        return int(self.buckets.get(math.inf, 0))

    def count_over(self, bound_s: float) -> int:
        """How many took longer, as far as the buckets can tell: those above the highest bound that is not higher."""
        below = [bound for bound in self.buckets if bound <= bound_s]
        return self.count - int(self.buckets[max(below)] if below else 0)

    def longest_bound_s(self) -> float:
        """A bound that all are below; infinite when no bucket says one."""
        return min((bound for bound, count in self.buckets.items() if count >= self.count), default=math.inf)

    def since(self, earlier: "Histogram") -> "Histogram":
        """What came after an earlier reading."""
        return Histogram({bound: count - earlier.buckets.get(bound, 0) for bound, count in self.buckets.items()})


def read_histogram(address: str, name: str) -> Histogram | None:
    """A histogram, its labels added up; None when the server has no such."""
    with urllib.request.urlopen(f"{address}/metrics", timeout=30) as answer:
        text = answer.read().decode()
    buckets: dict[float, float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name == f"{name}_bucket":
                bound = float(sample.labels["le"])
                buckets[bound] = buckets.get(bound, 0) + sample.value
    return Histogram(buckets) if buckets else None
