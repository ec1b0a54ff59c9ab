"""Counts of links become metrics by the name of the worker, which outlives its lives."""

from prometheus_client import CollectorRegistry

from core.links.meters import LinkCounts
from guildway.processes.link_meters import LinkMetersOfProcess


def test_counts_add_up_and_the_rest_is_as_it_is_now() -> None:
    registry = CollectorRegistry()
    meters = LinkMetersOfProcess(registry)

    meters.observe(
        "worker-2",
        LinkCounts(
            frames_sent=5, bytes_sent=50, frames_received=3, bytes_received=30, frames_resent=1, wires=1, kept_bytes=9,
            carrier="tcp",
        ),
    )  # fmt: skip
    meters.observe("worker-2", LinkCounts(frames_sent=2, broken=1, wires=1, kept_bytes=4, carrier="redis"))

    def value(name: str, **labels: str) -> float | None:
        return registry.get_sample_value(f"guildway_link_{name}", {"worker": "worker-2", **labels})

    assert value("frames_total", direction="sent") == 7
    assert value("frames_total", direction="received") == 3
    assert value("bytes_total", direction="sent") == 50
    assert value("bytes_total", direction="received") == 30
    assert value("resent_frames_total") == 1
    assert value("connections_total") == 2
    assert value("broken_total") == 1
    assert value("unacknowledged_bytes") == 4
    assert (value("up", carrier="tcp"), value("up", carrier="redis")) == (0, 1)


def test_a_link_that_is_down_is_carried_by_nothing() -> None:
    registry = CollectorRegistry()
    meters = LinkMetersOfProcess(registry)

    meters.observe("worker-2", LinkCounts(carrier="tcp"))
    meters.observe("worker-2", LinkCounts())

    assert registry.get_sample_value("guildway_link_up", {"worker": "worker-2", "carrier": "tcp"}) == 0
